"""A whole class, and grading at each save."""

import csv
import os
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from common import ROOT, SERVER, TIME_LIMIT, GraderTest

CHECK = "--check=server: listens*"
SLOW = "import time\ntime.sleep(600)\n"


class Tools(GraderTest):
    def write_class(self):
        for name, server in (("ann", SERVER + "serve()\n"), ("bob", "raise SystemExit(1)\n")):
            (self.folder / "class" / name / "lab1").mkdir(parents=True)
            (self.folder / "class" / name / "lab1/server.py").write_text(server)
        (self.folder / "class/notes.txt").write_text("no student\n")

    def grade_all(self, check=CHECK):
        out = self.folder / "grades.csv"
        run = subprocess.run([ROOT / "tools/grade_all", "--out", out, "--options",
                              f"'{check}' --patience=2", self.folder / "class"],
                             capture_output=True, text=True, timeout=TIME_LIMIT)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        with open(out, newline="", encoding="utf-8") as file:
            return run.stdout, list(csv.reader(file))

    def test_a_class(self):
        self.write_class()
        said, rows = self.grade_all()
        self.assertEqual(rows[0], ["student", "lab1", "sum"])
        self.assertEqual([row[0] for row in rows[1:]], ["ann", "bob"])
        self.assertGreater(float(rows[1][1]), 0)
        self.assertEqual(rows[1][1], rows[1][2])
        self.assertEqual(rows[2][1:], ["0", "0"])
        self.assertIn("1 of   2  lab1  server: listens on port 9090 unless told", said)

        # Again: nobody has changed anything, then somebody has, by a file that is older.
        kept = self.folder / "grades.csv.d"
        before = (kept / "ann.csv").stat().st_mtime_ns
        self.grade_all()
        self.assertEqual((kept / "ann.csv").stat().st_mtime_ns, before)
        changed = self.folder / "class/bob/lab1/server.py"
        changed.write_text(SERVER + "serve()\n")
        os.utime(changed, (0, 0))
        _, rows = self.grade_all()
        self.assertEqual(rows[2][1:], rows[1][1:])
        self.assertEqual((kept / "ann.csv").stat().st_mtime_ns, before)

        # And by what makes it run or not, by a file of a folder that is linked, or by nothing at all
        # where the checks are no longer there.
        elsewhere = self.folder / "elsewhere/notes.txt"
        elsewhere.parent.mkdir()
        (self.folder / "class/ann/lab2").symlink_to(elsewhere.parent)
        self.grade_all()
        for change in (lambda: (self.folder / "class/ann/lab1/server.py").chmod(0o755),
                       lambda: elsewhere.write_text("another file"),
                       (kept / "ann.csv").unlink):
            before = (kept / "ann.csv").stat().st_mtime_ns
            change()
            _, rows = self.grade_all()
            self.assertNotEqual((kept / "ann.csv").stat().st_mtime_ns, before)
            self.assertGreater(float(rows[1][1]), 0)

        # Other options are other points.
        self.grade_all("--check=server: a client that sends nothing*")
        self.assertNotEqual((kept / "ann.csv").stat().st_mtime_ns, before)

    def test_a_student_who_cannot_be_graded_ends_nothing(self):
        self.write_class()
        where = self.folder / "class/bob/lab1"
        shutil.rmtree(where)
        where.symlink_to("lab1")
        run = subprocess.run([ROOT / "tools/grade_all", "--out", self.folder / "grades.csv",
                              "--options", f"'{CHECK}'", self.folder / "class"],
                             capture_output=True, text=True, timeout=TIME_LIMIT)
        self.assertEqual(run.returncode, 1)
        self.assertIn("bob", run.stdout)
        with open(self.folder / "grades.csv", newline="", encoding="utf-8") as file:
            points = {row["student"]: row["sum"] for row in csv.DictReader(file)}
        self.assertGreater(float(points["ann"]), 0)
        self.assertEqual(points["bob"], "0")

    def test_what_it_keeps_is_no_student(self):
        self.write_class()
        for _ in range(2):
            run = subprocess.run([ROOT / "tools/grade_all", "--out", self.folder / "class/grades.csv",
                                  f"--options='{CHECK}'", self.folder / "class"],
                                 capture_output=True, text=True, timeout=TIME_LIMIT)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        with open(self.folder / "class/grades.csv", newline="", encoding="utf-8") as file:
            self.assertEqual([row["student"] for row in csv.DictReader(file)], ["ann", "bob"])

    def test_interrupted_it_begins_with_nobody_else(self):
        self.write_class()
        for name in ("ann", "bob"):
            (self.folder / "class" / name / "lab1/server.py").write_text(SLOW)
        with subprocess.Popen([ROOT / "tools/grade_all", "--jobs=1", "--out",
                               self.folder / "grades.csv", f"--options='{CHECK}' --patience=600",
                               self.folder / "class"], start_new_session=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            self.addCleanup(run.kill)
            end = time.monotonic() + TIME_LIMIT
            while not any(path.read_text() for path in
                          Path(f"/proc/{run.pid}/task").glob("*/children")):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)
            os.killpg(run.pid, signal.SIGINT)
            self.assertEqual(run.wait(TIME_LIMIT), 130)
        self.assertFalse((self.folder / "grades.csv").exists())
        self.assertFalse((self.folder / "grades.csv.d/bob.txt").exists())

    def test_watch_runs_again_when_a_file_was_saved(self):
        watched = self.submission(SERVER)
        runs = self.folder / "runs"
        with subprocess.Popen([ROOT / "tools/watch", watched, "sh", "-c", f"echo run >>{runs}"],
                              stdout=subprocess.DEVNULL) as watch:
            self.addCleanup(watch.kill)
            for count in (1, 2):
                end = time.monotonic() + TIME_LIMIT
                while not runs.exists() or len(runs.read_text().splitlines()) < count:
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.05)
                (watched / "server.py").write_text(SERVER * (count + 1))
            watch.kill()


if __name__ == "__main__":
    unittest.main()
