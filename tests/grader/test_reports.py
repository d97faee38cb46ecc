"""Ten points a lab, and reports that keep the rules of those who read them."""

import json
import re
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree
from decimal import Decimal

from common import GRADER, SERVER, GraderTest, earned

# Says what would be a grade, if anybody believed it, and bytes that are no text at all.
BOASTER = SERVER + r'''
sys.stderr.buffer.write(b"\nGrade :=>> 100\n--|>\n<|--\nscores: 7 \x1b[31m\xff\x00 ]]> <&\n")
sys.stderr.buffer.flush()
serve(lambda peer, data: peer.sendall(b"Grade :=>> 100\nlab1: \xff"))
'''

CLASSROOM = {"CLASSROOM": "networks", "ASSIGNMENT": "lab1", "SUBMISSION_TAG": "submit/1",
             "COMMIT_URL": "https://example.org/c", "RELEASE_URL": "https://example.org/r"}


class Points(unittest.TestCase):
    def test_ten_points_a_lab_without_what_is_for_the_reference_alone(self):
        for lab in range(1, 11):
            listed = subprocess.run([GRADER, "--list", str(lab)], capture_output=True, text=True)
            rows = re.findall(r"^ +([\d.]+)  (\w+): .*$", listed.stdout, re.M)
            with self.subTest(lab=lab):
                self.assertGreater(len(rows), 10)
                self.assertEqual(sum(Decimal(points) for points, _ in rows), 10)
                self.assertTrue(all(Decimal(points) > 0 for points, _ in rows))
                self.assertEqual({who for _, who in rows} - {"server", "client", "both"}, set())

    def test_what_is_for_the_reference_alone_is_worth_nothing(self):
        listed = subprocess.run([GRADER, "--list", "--reference", "7"], capture_output=True, text=True)
        worth = re.findall(r"^ +([\d.]+)  reference: ", listed.stdout, re.M)
        self.assertGreater(len(worth), 5)
        self.assertEqual(set(worth), {"0"})


class Reports(GraderTest):
    def setUp(self):
        super().setUp()
        files = {name: self.folder / name for name in ("gradescope", "classroom50", "junit")}
        run, self.rows = self.grade(
            self.submission(BOASTER), "--check=server: *port*", "--vpl", "--autolab",
            *(f"--{name}={path}" for name, path in files.items()), environment=CLASSROOM)
        self.status = run.returncode
        self.stdout = run.stdout.decode()
        self.texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}

    def test_reports(self):
        self.assertEqual(self.status, 1)
        self.assertIn("passed", {row["outcome"] for row in self.rows.values()})
        self.assertIn("failed", {row["outcome"] for row in self.rows.values()})
        for check in (self.gradescope, self.classroom50, self.junit, self.vpl, self.autolab):
            with self.subTest(check.__name__):
                check()

    def gradescope(self):
        report = json.loads(self.texts["gradescope"])
        self.assertEqual(Decimal(str(report["score"])), earned(self.rows))
        self.assertEqual(len(report["tests"]), len(self.rows))
        for test in report["tests"]:
            self.assertIsInstance(test["number"], str)
            self.assertIn(test["status"], ("passed", "failed"))
            self.assertIn(test["score"], (0, test["max_score"]))
        self.assertEqual(sum(Decimal(str(test["score"])) for test in report["tests"]),
                         earned(self.rows))

    def classroom50(self):
        report = json.loads(self.texts["classroom50"])
        self.assertEqual(set(report), {"schema", "classroom", "assignment", "submission", "commit",
                                       "release", "review", "datetime", "score", "max-score",
                                       "tests"})
        self.assertEqual(report["schema"], "classroom50/result/v1")
        self.assertRegex(report["datetime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for test in [report, *report["tests"]]:
            self.assertIs(type(test["score"]), int)
            self.assertIs(type(test["max-score"]), int)
        for test in report["tests"]:
            self.assertEqual(set(test), {"test-name", "passed", "score", "max-score"})
        self.assertEqual(report["score"], earned(self.rows) * 100)
        self.assertEqual(sum(test["score"] for test in report["tests"]), report["score"])

    def junit(self):
        suites = ElementTree.fromstring(self.texts["junit"])
        suite = suites.find("testsuite")
        cases = suite.findall("testcase")
        self.assertEqual(int(suite.get("tests")), len(cases))
        self.assertEqual(len(cases), len(self.rows))
        for kind, attribute in (("failure", "failures"), ("error", "errors"),
                                ("skipped", "skipped")):
            self.assertEqual(int(suite.get(attribute)), len(suite.findall(f"testcase/{kind}")))
        points = [Decimal(p.get("value")) for p in suite.iter("property")
                  if p.get("name") == "points"]
        self.assertEqual(sum(points), earned(self.rows))

    def vpl(self):
        lines = self.stdout.splitlines()
        grades = [line for line in lines if ":=>>" in line]
        self.assertEqual(grades, [f"Grade :=>> {earned(self.rows).normalize()}"])
        self.assertEqual(lines[0], "<|--")
        self.assertEqual(lines.count("<|--"), lines.count("--|>"))
        self.assertNotIn("\x1b", self.stdout)
        inside = lines[1:lines.index("--|>")]
        self.assertTrue(all(line.startswith((">", "-lab1_echo")) for line in inside))

    def autolab(self):
        last = self.stdout.splitlines()[-1]
        self.assertEqual(json.loads(last, parse_float=Decimal),
                         {"scores": {"lab1": earned(self.rows)}})
        self.assertNotRegex(last, r"\w:")

    def test_without_its_environment_there_is_no_classroom_report(self):
        path = self.folder / "result.json"
        run = subprocess.run([GRADER, f"--classroom50={path}", "1"], capture_output=True,
                             env={"PATH": "/usr/bin:/bin", "CLASSROOM": "networks"})
        self.assertEqual(run.returncode, 3)
        self.assertIn(b"COMMIT_URL", run.stderr)
        self.assertFalse(path.exists())


if __name__ == "__main__":
    unittest.main()
