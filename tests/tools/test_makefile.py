"""What somebody types for the Makefile reaches the tools as it was typed."""

import os
import shlex
import subprocess
import unittest

from common import ROOT


def commands(target, *variables):
    """What make would run for `target`, each as its words."""
    run = subprocess.run(["make", "--dry-run", "--no-print-directory", target, *variables], cwd=ROOT,
                         check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return [shlex.split(line) for line in run.stdout.replace("\\\n", " ").splitlines()
            if line.startswith("tools/") or line.startswith("tests/grade/grade ")]


class Makefile(unittest.TestCase):
    odd = "/tmp/Ann's  work, Лаб 3"

    def test_a_folder_and_a_check_with_any_characters(self):
        title = "server: @NAME text is the answer to NAME's oldest message"
        self.assertEqual(commands("grade9", f"SUBMISSION={self.odd}", f"CHECK={title}"),
                         [["tests/grade/grade", f"--submission={self.odd}", f"--check={title}", "9"]])
        self.assertEqual(commands("watch3", f"SUBMISSION={self.odd}"),
                         [["tools/watch", self.odd, "tests/grade/grade", f"--submission={self.odd}",
                           "3"]])
        self.assertEqual(commands("trace2", f"SUBMISSION={self.odd}", f"INPUT={self.odd}"),
                         [["tools/trace", "2", "--input", self.odd, "--submission", self.odd]])

    def test_options_keep_their_quotes(self):
        options = "--check='server: *' --patience=2"
        self.assertEqual(commands("grade-all", f"SUBMISSIONS={self.odd}", f"OPTIONS={options}"),
                         [["tools/grade_all", "--out", "grades.csv", f"--options={options}",
                           self.odd]])

    def test_home_is_home_at_the_beginning_alone(self):
        home = os.environ.get("HOME", "")
        self.assertEqual(commands("grade3", "SUBMISSION=~/lab 3~/x"),
                         [["tests/grade/grade", f"--submission={home}/lab 3~/x", "3"]])


if __name__ == "__main__":
    unittest.main()
