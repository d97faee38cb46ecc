"""What is handed in, or made by a program, and is no plain file: links and pipes."""

import os
import shutil
import unittest

from common import BYTES, ROOT, SERVER, GraderTest


class Files(GraderTest):
    def test_links_and_pipes_in_its_folder_are_left_there(self):
        where = self.submission(SERVER + "serve()\n")
        for name, target in (("loop", "loop"), ("server.cpp", "server.cpp"), ("here", ".")):
            (where / name).symlink_to(target)
        os.mkfifo(where / "pipe")
        run, rows = self.grade(where, f"--check={BYTES}")
        self.assertEqual(rows[BYTES]["outcome"], "passed", run.stderr.decode())

    def test_a_link_counts_only_if_it_leads_to_what_was_handed_in(self):
        where = self.submission("")
        (where / "server.py").unlink()
        inside, outside = where / "program.py", self.folder / "program.py"
        for target, outcome in ((inside, "passed"), (outside, "not run")):
            with self.subTest(target):
                target.write_text(SERVER + "serve()\n")
                (where / "server.py").unlink(missing_ok=True)
                (where / "server.py").symlink_to(target)
                run, rows = self.grade(where, f"--check={BYTES}")
                self.assertEqual(rows[BYTES]["outcome"], outcome, run.stderr.decode())
        self.assertIn(b"not copied, a link to what was not handed in: server.py", run.stdout)

    def at_lab_7(self, mischief, check):
        """How a check goes with a server that does this in its working folder."""
        where = self.folder / "lab7"
        shutil.copytree(ROOT / "tests/submissions/python/lab7", where)
        server = where / "server.py"
        server.write_text(server.read_text().replace(
            "def main():\n", f"def main():\n    import os\n    {mischief}\n", 1))
        run, rows = self.grade(where, f"--check={check}", lab=7)
        return rows[check]["outcome"], run.stdout.decode()

    def test_a_pipe_among_what_it_keeps_is_left_there(self):
        outcome, told = self.at_lab_7(
            "if not os.path.exists('pipe'): os.mkfifo('pipe')",
            "server: a known name gets in with its password, also after a wrong one")
        self.assertEqual(outcome, "passed", told)

    def test_a_log_that_is_a_pipe_is_no_log(self):
        outcome, told = self.at_lab_7(
            "os.mkfifo('server.log')",
            "server: passwords and tokens are in no message, no file and no command line")
        self.assertNotIn(outcome, ("passed", "grader failed"), told)


if __name__ == "__main__":
    unittest.main()
