"""Each way of not passing is told from the others, with its reason, and does no harm."""

import ctypes
import os
import subprocess
import unittest
from pathlib import Path

from common import GRADER, PORTIONS, ROOT, SENDS_NOTHING, SERVER, GraderTest


PR_SET_CHILD_SUBREAPER = 36


def children():
    """The processes whose parent this one is."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


class Outcomes(GraderTest):
    def test_passed(self):
        row = self.outcome(SERVER + "serve()\n")
        self.assertEqual(row["outcome"], "passed")
        self.assertEqual(row["points"], row["worth"])

    def test_failed(self):
        row = self.outcome(SERVER + "serve(lambda peer, data: peer.sendall(data.upper()))\n")
        self.assertEqual(row["outcome"], "failed")
        self.assertEqual(row["points"], "0")

    def test_hung_with_bytes_unread(self):
        run, rows = self.grade(self.submission(SERVER + "serve(lambda peer, data: signal.pause())\n"),
                               f"--check={PORTIONS}")
        self.assertEqual(rows[PORTIONS]["outcome"], "failed")
        self.assertIn(b"the server waits in", run.stdout)

    def test_hung_in_accept(self):
        server = SERVER.replace("while data", "listener.accept()\n    while data") + "serve()\n"
        run, rows = self.grade(self.submission(server), f"--check={PORTIONS}")
        self.assertEqual(rows[PORTIONS]["outcome"], "hung")
        self.assertIn(b"waits in accept()", run.stdout)
        self.assertIn(b"1 bytes from", run.stdout)

    def test_crashed_by_a_signal(self):
        row = self.outcome(SERVER + "serve(lambda peer, data: os.kill(os.getpid(), 11))\n")
        self.assertEqual(row["outcome"], "crashed")
        self.assertIn("Segmentation fault", row["summary"])
        self.assertIn("receive: 1 bytes", row["summary"])

    def test_crashed_by_an_exception(self):
        row = self.outcome(SERVER + "serve(lambda peer, data: 1 // 0)\n")
        self.assertEqual(row["outcome"], "crashed")
        self.assertIn("ZeroDivisionError", row["summary"])

    def test_not_run_since_it_never_listens(self):
        run, rows = self.grade(self.submission("import signal\nsignal.pause()\n"),
                               "--check=server: *r*")
        outcomes = {row["outcome"] for row in rows.values()}
        self.assertIn("not run", outcomes)
        self.assertLessEqual(outcomes, {"not run", "failed"})
        self.assertIn(b"the server does not listen", run.stdout)

    def test_output_that_is_held_back_is_told_from_none(self):
        check = "server: a service message is out as soon as it is said"
        buffered = (SERVER.replace("    sys.stderr.flush()\n", "") +
                    "sys.stderr = open(2, 'w', buffering=1 if os.isatty(2) else 65536)\nserve()\n")
        silent = SERVER.replace("    sys.stderr.write", "    str.format") + "serve()\n"
        for server, is_held_back in ((buffered, True), (silent, False)):
            with self.subTest(is_held_back=is_held_back):
                run, rows = self.grade(self.submission(server), f"--check={check}")
                self.assertEqual(rows[check]["outcome"], "failed")
                self.assertEqual(b"flush after each line" in run.stdout, is_held_back)

    def test_a_compile_error_is_shown_and_costs_what_cannot_run(self):
        where = self.submission(SERVER + "serve()\n")
        (where / "client.py").unlink()
        (where / "client.cpp").write_text("int main() { retrun 0; }\n")
        run, rows = self.grade(where, "--check=*: *9090*")
        self.assertIn(b"retrun", run.stdout)
        self.assertEqual(rows["server: listens on port 9090 unless told"]["outcome"], "passed")
        client = rows["client: connects to 127.0.0.1 and port 9090 unless told"]
        self.assertEqual(client["outcome"], "not run")
        self.assertEqual(run.returncode, 1)


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
        self.harmless("serve(lambda p, d: [os.write(1, b'y' * 65536) for _ in iter(int, 1)])\n",
                      "ran away", "wrote more than 64 MB")

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


class CommandLine(unittest.TestCase):
    def status(self, *arguments):
        return subprocess.run([GRADER, *arguments], capture_output=True).returncode

    def test_help_is_no_error(self):
        self.assertEqual(self.status("--help"), 0)

    def test_a_failure_of_its_own(self):
        run = subprocess.run([GRADER, "1"], capture_output=True, env={"TMPDIR": "/no/folder"})
        self.assertEqual(run.returncode, 3)

    def test_bad_usage(self):
        for arguments in (["0"], ["11"], ["three"], ["--seed=x", "1"], ["--submission=/no/folder"],
                          ["--check=no such check", "1"], ["--csv"]):
            with self.subTest(arguments):
                self.assertEqual(self.status(*arguments), 2)


if __name__ == "__main__":
    unittest.main()
