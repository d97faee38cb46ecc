"""Programs from which nothing comes that should: hung, not listening, or holding it back."""

import unittest

from common import PORTIONS, SERVER, GraderTest


class Silence(GraderTest):
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

    def test_hung_in_a_thread_with_a_time_limit(self):
        server = SERVER + ("import threading\n"
                           "def wait(peer, data):\n"
                           "    peer.settimeout(100)\n"
                           "    peer.recv(1)\n"
                           "thread = threading.Thread(target=serve, args=(wait,))\n"
                           "thread.start()\n"
                           "thread.join()\n")
        run, rows = self.grade(self.submission(server), f"--check={PORTIONS}")
        self.assertEqual(rows[PORTIONS]["outcome"], "failed")
        self.assertIn(b"waits in poll() on its connection with 127.0.0.1:", run.stdout)
        self.assertNotIn(b"futex", run.stdout)

    def test_a_slow_start_is_not_taken_for_none_once_something_failed(self):
        server = "import time\ntime.sleep(1)\n" + SERVER + "serve(lambda peer, data: None)\n"
        row = self.outcome(server, PORTIONS)
        self.assertEqual(row["outcome"], "failed", row)
        self.assertIn("only 0 of", row["summary"])

    def test_nothing_that_comes_back_is_told_from_a_part(self):
        waits = SERVER.replace("peer.recv(1024)", "peer.makefile('rb').readline()") + "serve()\n"
        run, rows = self.grade(self.submission(waits), f"--check={PORTIONS}")
        self.assertIn(b"nothing at all came back", run.stdout)

    def test_not_run_since_it_never_listens(self):
        run, rows = self.grade(self.submission("import signal\nsignal.pause()\n"),
                               "--check=server: *r*", "--patience=1")
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


if __name__ == "__main__":
    unittest.main()
