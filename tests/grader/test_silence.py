"""Programs from which nothing comes that should: not listening, or holding it back."""

import unittest

from common import PORTIONS, SERVER, GraderTest


class Silence(GraderTest):
    def test_nothing_that_comes_back_is_told_from_a_part(self):
        waits = SERVER.replace("peer.recv(1024)", "peer.makefile('rb').readline()") + "serve()\n"
        run, rows = self.grade(self.submission(waits), f"--check={PORTIONS}", "--patience=1")
        self.assertIn(b"nothing at all came back", run.stdout)

    def test_not_run_since_it_never_listens(self):
        run, rows = self.grade(self.submission("import signal\nsignal.pause()\n"),
                               "--check=server: *port*", "--patience=1")
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
                run, rows = self.grade(self.submission(server), f"--check={check}", "--patience=1")
                self.assertEqual(rows[check]["outcome"], "failed")
                self.assertEqual(b"flush after each line" in run.stdout, is_held_back)


if __name__ == "__main__":
    unittest.main()
