"""build/diffs.html against what tools/diff says: the same files, lines and counts."""

import os
import re
import unittest
from collections import defaultdict
from html.parser import HTMLParser

from common import ROOT, later_labs, tool
from course import labs, markdown
from course.changes import lines_added
from course.colour import coloured
from course.page import page

ROW = re.compile(r"^\| \[(\d+) \w+\]\(([^)]*)\) \| .+ \| (\d+) \| `(.+)` \|$", re.M)
TAGS = set("""html head meta title style body header a span label input section div h2 p table tr td
th aside ol ul li b code pre details summary small mark""".split())
EMPTY = {"meta", "input"}


class Page(HTMLParser):
    """Takes the page apart again; a tag that is not closed, or not one of TAGS, is a failure."""

    def __init__(self, text):
        super().__init__()
        self.open = []                  # [(tag, attributes), ...] around the place that is read
        self.lines = defaultdict(list)  # by lab, file and sign
        self.counts = defaultdict(list)
        self.links = []
        self.ids = set()
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        assert tag in TAGS, tag
        attributes = dict(attributes)
        self.links += [attributes["href"]] if "href" in attributes else []
        assert "src" not in attributes and "style" not in attributes
        assert attributes.get("id") not in self.ids - {None}
        self.ids.add(attributes.get("id"))
        if tag not in EMPTY:
            self.open.append((tag, attributes))
        if tag in ("code", "tr"):
            self.text = ""

    def handle_endtag(self, tag):
        if tag == "code" and (sign := self.sign()):
            assert self.text.endswith("\n")
            self.lines[self.lab(), self.file(), sign].append(self.text[:-1])
        if tag == "tr" and "counts" in [found.get("class") for _, found in self.open]:
            self.counts[self.lab()].append(self.text)
        was, _ = self.open.pop()
        assert was == tag, (was, tag)

    def handle_data(self, data):
        self.text += data

    def around(self, tag, attribute):
        return next((found.get(attribute) for name, found in self.open if name == tag), None)

    def lab(self):
        return int(self.around("section", "id").removeprefix("lab"))

    def file(self):
        return self.around("details", "id").split("-", 1)[1]

    def sign(self):
        classes = [found.get("class") for name, found in self.open if name == "div"]
        if "pair change" not in classes:
            return None
        return "-" if "old" in classes else "+"


def told(number):
    """What tools/diff says: its rows of counts, and {(file, sign): lines}."""
    text = tool("diff", str(number))
    rows = re.findall(r"^ +\+(\d+) +-(\d+)  (\S+)$", text, re.M)
    lines = defaultdict(list)
    for patch in re.split(r"^diff --git ", text, flags=re.M)[1:]:
        header, *rest = patch.split("\n@@ ")
        name = re.sub(r"^lab\d+_\w+/", "", header.split("\n")[0].split()[1])
        for line in "\n".join(part.split("\n", 1)[1] for part in rest).rstrip("\n").split("\n"):
            if line[0] in "+-":
                lines[name.replace("/", "-"), line[0]].append(line[1:])
    return rows, lines


class Diffs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.html = page()
        cls.page = Page(cls.html)

    def test_every_changed_line_is_there_once(self):
        for number in later_labs():
            _, lines = told(number)
            self.assertTrue(any(sign == "+" for _, sign in lines))
            shown = {key[1:]: found for key, found in self.page.lines.items() if key[0] == number}
            for key, found in lines.items():
                self.assertEqual(shown.get(key), found, (number, key))
            self.assertEqual(set(shown), set(lines))

    def test_counts_are_those_of_diff(self):
        for number in later_labs():
            rows, lines = told(number)
            self.assertEqual(self.page.counts[number],
                             [f"+{added}−{removed}{name}" for added, removed, name in rows])
            for added, removed, name in rows:
                key = name.replace("/", "-")
                self.assertEqual((len(lines[key, "+"]), len(lines[key, "-"])),
                                 (int(added), int(removed)), (number, name))

    def test_code_comes_before_documents(self):
        for number in later_labs():
            names = [name for _, _, name in told(number)[0]]
            self.assertEqual(names, sorted(names, key=lambda name: name.endswith(".md")))
            self.assertIn("server.cpp", names)

    def test_nothing_is_fetched(self):
        style = re.search(r"<style>(.*?)</style>", self.html, re.S)[1]
        self.assertNotRegex(style, r"url\(|@import")
        self.assertEqual([link for link in self.page.links if not link.startswith(("#", "../"))], [])

    def test_links_lead_somewhere(self):
        for link in self.page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], self.page.ids)
            else:
                self.assertTrue(os.path.exists(os.path.join(ROOT, "build", link.split("#")[0])
                                               .replace("build/../", "")), link)

    def test_notes_stand_beside(self):
        for number in later_labs():
            for language in labs.PAGES:
                section = labs.section(labs.folders()[number], labs.WHAT_TO_LOOK_AT, language)
                written = markdown.render(section)
                self.assertGreater(len(written), 200, (number, language))
                self.assertNotRegex(re.sub(r"<code>.*?</code>", "", written), r"`|\*\*|\]\(|\|")


class Colour(unittest.TestCase):
    PATCH = ("--- a\n+++ b\n@@ -1,3 +1,3 @@\n same\n-int one = first(x);\n-gone\n"
             "+int two = first(x);\n")

    def test_only_colours_are_added(self):
        text = tool("diff", "2")
        self.assertEqual(re.sub(r"\033\[\d+m", "", coloured(text)), text)

    def test_words_that_differ_are_marked(self):
        self.assertEqual(
            coloured(self.PATCH).replace("\033", ""),
            "[1m--- a[0m\n[1m+++ b[0m\n[36m@@ -1,3 +1,3 @@[0m\n same\n"
            "[31m-int [7mone[27m = first(x);[0m\n[31m-gone[0m\n"
            "[32m+int [7mtwo[27m = first(x);[0m\n")


class FrontPages(unittest.TestCase):
    """README.md and README.ru.md count lines as tools/diff does."""

    def test_lines_added_are_those_of_diff(self):
        added = {number: self.lines_added(number) for number in labs.folders()}
        for name in labs.PAGES.values():
            rows = ROW.findall((labs.ROOT / name).read_text(encoding="utf-8"))
            self.assertEqual([int(row[0]) for row in rows], list(labs.folders()), name)
            for number, page, lines, way in rows:
                self.assertEqual(int(lines), added[int(number)],
                                 f"{name}: what lab {number} adds; make figures counts it")
                self.assertEqual(page, f"{labs.folders()[int(number)].name}/{name}")
                if number == "1":
                    self.assertTrue(os.path.exists(os.path.join(ROOT, way)), way)
                else:
                    self.assertEqual(way, f"make diff{number}")

    def lines_added(self, number):
        """As tools/diff says, which has nothing to compare lab 1 with."""
        if number == 1:
            return lines_added(1)
        told = re.findall(r"^ +\+(\d+) +-\d+  \S+\.[ch]pp$", tool("diff", str(number)), re.M)
        return sum(map(int, told))


class Markdown(unittest.TestCase):
    def test_what_pages_use(self):
        for text, expected in (
                ("one\ntwo `a<b>` **bold**", "<p>one\ntwo <code>a&lt;b&gt;</code> <b>bold</b></p>"),
                ("3. x\n   y\n4. z", '<ol start="3"><li>x\n   y</li><li>z</li></ol>'),
                ("- x\n- y", "<ul><li>x</li><li>y</li></ul>"),
                ("| a | b |\n|---|---|\n| `c` | d |", "<table><tr><th>a</th><th>b</th></tr>"
                 "<tr><td><code>c</code></td><td>d</td></tr></table>"),
                ("[the\nlab](#x)", '<p><a href="#x">the\nlab</a></p>'),
                ("    a\n    <b>", "<pre>    a\n    &lt;b&gt;</pre>")):
            self.assertEqual(markdown.render(text), expected)


if __name__ == "__main__":
    unittest.main()
