"""What `make startN DIR=path` gives."""

import os
import re
import subprocess
import tempfile
import unittest

from common import ROOT, later_labs
from course import labs


def start(number, folder):
    """Runs tools/start; the finished process."""
    return subprocess.run([os.path.join(ROOT, "tools", "start"), str(number), folder],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          check=False)


def contents(folder):
    """{path: bytes} of all files below `folder`."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


class Start(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="начало #1 'a' ")
        self.addCleanup(place.cleanup)
        self.folder = os.path.join(place.name, "моя работа")

    def test_gives_what_the_lab_before_consists_of(self):
        for number in later_labs():
            folder = f"{self.folder}{number}"
            self.assertEqual(start(number, folder).returncode, 0)
            given, earlier = contents(folder), labs.folders()[number - 1]
            for name, content in given.items():
                for included in re.findall(rb'^#include "(.+)"', content, re.M):
                    self.assertIn(included.decode(), given, (number, name))
            for name in set(given) - {"Makefile", "ASSIGNMENT.md", "ASSIGNMENT.ru.md"}:
                origin = labs.ROOT / name if "/" in name else earlier / name
                expected = origin.read_bytes()
                if name == "server.cpp":  # its `start` tells the lab that it is going to be
                    names = [labs.folders()[one].name.encode() for one in (number - 1, number)]
                    self.assertIn(b'say("start", "%s")' % names[0], expected)
                    expected = expected.replace(*names)
                self.assertEqual(given[name], expected, (number, name))
            self.assertLessEqual({path.name for path in labs.code(earlier)}, set(given))

    def test_assignment_is_whole_and_stands_alone(self):
        for number, lab in labs.folders().items():
            folder = f"{self.folder}{number}"
            self.assertEqual(start(number, folder).returncode, 0)
            for language, name in (("en", "ASSIGNMENT.md"), ("ru", "ASSIGNMENT.ru.md")):
                text = contents(folder)[name].decode()
                for heading in (labs.ASSIGNMENT, labs.CONTRACT):
                    self.assertIn(f"\n## {heading[language]}\n", text)
                contract = labs.section(lab, labs.CONTRACT, language)
                self.assertGreater(len(contract), 2000, (number, language))
                self.assertIn(contract[-200:], text)
                self.assertEqual(len(re.findall(r"\]\(#", text)), 1, (number, language))
                self.assertNotRegex(text, r"\]\((?!#)|last section|предпоследн")

    def test_lab_1_begins_with_the_assignment_alone(self):
        self.assertEqual(start(1, self.folder).returncode, 0)
        self.assertEqual(set(contents(self.folder)),
                         {"Makefile", "ASSIGNMENT.md", "ASSIGNMENT.ru.md"})

    def test_it_builds_and_grade_asks_the_course(self):
        self.assertEqual(start(2, self.folder).returncode, 0)
        told = subprocess.run(["make", "--silent", "WERROR=1"], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              check=False)
        self.assertEqual((told.returncode, told.stdout), (0, ""))
        for program in ("server", "client"):
            told = subprocess.run([os.path.join(self.folder, program), "--help"], check=True,
                                  stdout=subprocess.PIPE, encoding="utf-8")
            self.assertTrue(told.stdout.startswith(f"usage: {program}"))
        self.check_grade()

    def check_grade(self):
        """`make grade` calls what COURSE says, with this folder."""
        course = os.path.join(self.folder, "другой курс")
        os.mkdir(course)
        with open(os.path.join(course, "Makefile"), "w", encoding="utf-8") as file:
            file.write('grade2: ; @printf %s "$$SUBMISSION"\n')
        told = subprocess.run(["make", "--silent", "grade", f"COURSE={course}"], cwd=self.folder,
                              stdout=subprocess.PIPE, encoding="utf-8", check=True)
        self.assertEqual(told.stdout, self.folder)

    def test_nothing_is_overwritten(self):
        os.mkdir(self.folder)
        self.assertEqual(start(2, self.folder).returncode, 0)  # empty, so nothing is lost
        path = os.path.join(self.folder, "server.cpp")
        with open(path, "w", encoding="utf-8") as file:
            file.write("mine")
        before = contents(self.folder)
        for folder in (self.folder, path):
            told = start(3, folder)
            self.assertEqual(told.returncode, 1)
            self.assertRegex(told.stderr, r"\Astart: .*(is not empty|File exists).*\n\Z")
        self.assertEqual(contents(self.folder), before)

    def test_it_says_what_is_wrong(self):
        for number, folder in ((11, self.folder), (0, self.folder), (3, "")):
            told = start(number, folder)
            self.assertEqual(told.returncode, 1)
            self.assertRegex(told.stderr, r"\Astart: .+\n\Z")
            self.assertFalse(os.path.exists(self.folder))


if __name__ == "__main__":
    unittest.main()
