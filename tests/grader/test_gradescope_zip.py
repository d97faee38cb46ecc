"""The zip for Gradescope: is what it unpacks a grader for the labs that were named?"""

import json
import subprocess
import unittest
import zipfile

from common import ROOT, TIME_LIMIT, GraderTest


class GradescopeZip(GraderTest):
    def test_a_zip_for_one_lab_grades_a_folder_without_sub_folders(self):
        packed = self.folder / "autograder.zip"
        subprocess.run([ROOT / "tools/gradescope_zip", packed, "3"], check=True,
                       capture_output=True, timeout=TIME_LIMIT)
        source = self.folder / "source"
        with zipfile.ZipFile(packed) as archive:
            self.assertIn("setup.sh", archive.namelist())
            self.assertIn("course/Makefile", archive.namelist())
            archive.extract("run_autograder", source)

        # Where Gradescope has /autograder, with the grader that is built here in its course.
        (source / "course/tests").mkdir(parents=True)
        (source / "course/tests/grade").symlink_to(ROOT / "tests/grade")
        submission = self.folder / "submission"
        submission.mkdir()
        (submission / "server.py").write_text("raise SystemExit(1)\n")
        (self.folder / "results").mkdir()
        script = (source / "run_autograder").read_text().replace("/autograder/", f"{self.folder}/")
        subprocess.run(["sh", "-c", script], check=True, capture_output=True, timeout=TIME_LIMIT)

        results = json.loads((self.folder / "results/results.json").read_text())
        self.assertAlmostEqual(sum(test["max_score"] for test in results["tests"]), 10)
        self.assertTrue(all(test["number"].startswith("3.") for test in results["tests"]))
        self.assertEqual(sum(test["score"] for test in results["tests"]), 0)


if __name__ == "__main__":
    unittest.main()
