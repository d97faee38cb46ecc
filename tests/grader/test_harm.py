"""Programs that do harm, or try to: none is done, each has its reason, and nothing is left of them."""

import ctypes
import os
import unittest
from pathlib import Path

from common import BYTES, PORTIONS, ROOT, SENDS_NOTHING, SERVER, GraderTest

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
                      "serve(kill)\n", "passed", "", BYTES)

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
                      "serve(look)\n", "passed", "", BYTES)


if __name__ == "__main__":
    unittest.main()
