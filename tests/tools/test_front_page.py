"""README.md and README.ru.md: what they ask and link to is so."""

import html
import os
import re
import unittest

from common import ROOT
from course import labs

QUESTION = re.compile(r"^\| (.+\?) \| (\[.+\))+ \|$", re.M)
LINK = re.compile(r"\]\(([^)#]*)(#[^)]*)?\)")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def heading_anchors(text):
    """As the places that show Markdown make them."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.M)}


class FrontPage(unittest.TestCase):
    def test_questions_are_answered_where_it_says(self):
        for name in labs.PAGES.values():
            questions = QUESTION.findall(read(name))
            self.assertEqual(len(questions), 7, name)
            for question, places in questions:
                for page, _ in LINK.findall(places):
                    asked = [html.unescape(re.sub("<.*?>", "", summary)) for summary in
                             re.findall(r"<summary>(.*?)</summary>", read(page))]
                    begins = question.rstrip("?")
                    self.assertTrue(any(one.startswith(begins) for one in asked), (page, question))

    def test_links_lead_somewhere(self):
        for name in labs.PAGES.values():
            for path, anchor in LINK.findall(read(name)):
                self.assertTrue(os.path.exists(os.path.join(ROOT, path)), (name, path))
                if anchor:
                    self.assertIn(anchor[1:], heading_anchors(read(path or name)), (name, path))


if __name__ == "__main__":
    unittest.main()
