"""Programs that do harm, or try to: none is done, each has its reason, and nothing is left of them."""

import ctypes
import os
import shutil
import unittest
from pathlib import Path

from common import PORTIONS, ROOT, SENDS_NOTHING, SERVER, GraderTest

PR_SET_CHILD_SUBREAPER = 36


def children():
    """The processes whose parent this one is."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


class Harm(GraderTest):
    def setUp(self):
        super().setUp()
        # What the grader leaves behind when it ends becomes a child of this process.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def harmless(self, server, outcome, words="", check=PORTIONS):
        # On a busy machine it may take long to come to a limit.
        patience = ["--patience=60"] if outcome == "ran away" else []
        row = self.outcome(SERVER + server, check, *patience)
        self.assertEqual(row["outcome"], outcome, row)
        self.assertIn(words, row["summary"])
        self.assertEqual(children(), [])

    def test_prints_without_end(self):
        for stream in (1, 2):
            with self.subTest(stream):
                self.harmless(f"endless = lambda p, d: [os.write({stream}, b'y' * 65536)\n"
                              "                        for _ in iter(int, 1)]\n"
                              "serve(endless)\n", "ran away", "wrote more than 64 MB")

    def test_allocates_without_end(self):
        self.harmless("kept = []\n"
                      "serve(lambda p, d: [kept.append(b'x' * 10**7) for _ in iter(int, 1)])\n",
                      "ran away", "of memory")

    # As root alone, since otherwise the limit is one of all that the user runs.
    @unittest.skipUnless(os.geteuid() == 0, "only root can start it as another user")
    def test_forks_without_end(self):
        self.harmless("def bomb(peer, data):\n"
                      "    while True:\n"
                      "        try:\n"
                      "            os.fork()\n"
                      "        except OSError:\n"
                      "            signal.pause()\n"
                      "serve(bomb)\n", "ran away", "processes")

    def test_ignores_sigterm(self):
        self.harmless("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                      "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
                      "serve()\n", "failed", "runs on after the signal",
                      "server: further signals change nothing")

    def test_closes_its_streams(self):
        self.harmless("os.close(0)\nos.close(1)\nos.close(2)\nsay = print\n"
                      "sys.stderr = open('/dev/null', 'w')\nserve()\n", "failed", "not said",
                      "server: a service message is out as soon as it is said")

    def test_kills_its_process_group(self):
        self.harmless("serve(lambda p, d: os.killpg(0, signal.SIGKILL))\n", "crashed", "Killed")

    @unittest.skipUnless(os.geteuid() == 0, "only root can start it as another user")
    def test_kills_all_it_can(self):
        self.harmless("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                      "def kill(p, d):\n"
                      "    for number in (signal.SIGTERM, signal.SIGKILL):\n"
                      "        try:\n"
                      "            os.kill(-1, number)\n"
                      "        except OSError:\n"
                      "            pass\n"
                      "    p.sendall(d)\n"
                      "serve(kill)\n", "passed")

    def test_leaves_a_child_behind(self):
        self.harmless("if os.fork() == 0:\n"
                      "    os.setsid()\n"
                      "    signal.pause()\n"
                      "serve()\n", "passed", "", SENDS_NOTHING)

    @unittest.skipUnless(os.geteuid() == 0, "only root can start it as another user")
    def test_sees_neither_checks_nor_results(self):
        tried = [str(ROOT / "tests/grade/lab1.cpp"), str(self.folder / "checks.csv")]
        self.harmless("def look(peer, data):\n"
                      f"    for path in {tried}:\n"
                      "        try:\n"
                      "            data = open(path, 'rb').read()[:len(data)]\n"
                      "        except OSError:\n"
                      "            pass\n"
                      "    peer.sendall(data)\n"
                      "serve(look)\n", "passed")

    def test_links_and_pipes_in_its_folder_are_left_there(self):
        where = self.submission(SERVER + "serve()\n")
        for name, target in (("loop", "loop"), ("server.cpp", "server.cpp"), ("here", ".")):
            (where / name).symlink_to(target)
        os.mkfifo(where / "pipe")
        run, rows = self.grade(where, f"--check={PORTIONS}")
        self.assertEqual(rows[PORTIONS]["outcome"], "passed", run.stderr.decode())

    def test_a_link_counts_only_if_it_leads_to_what_was_handed_in(self):
        where = self.submission("")
        (where / "server.py").unlink()
        inside, outside = where / "program.py", self.folder / "program.py"
        for target, outcome in ((inside, "passed"), (outside, "not run")):
            with self.subTest(target):
                target.write_text(SERVER + "serve()\n")
                (where / "server.py").unlink(missing_ok=True)
                (where / "server.py").symlink_to(target)
                run, rows = self.grade(where, f"--check={PORTIONS}")
                self.assertEqual(rows[PORTIONS]["outcome"], outcome, run.stderr.decode())
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
