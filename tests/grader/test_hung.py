"""Programs that wait for ever, or are only slow."""

import unittest

from common import PORTIONS, SERVER, GraderTest


class Hung(GraderTest):
    def test_hung_with_bytes_unread(self):
        run, rows = self.grade(self.submission(SERVER + "serve(lambda peer, data: signal.pause())\n"),
                               f"--check={PORTIONS}", "--patience=1")
        self.assertEqual(rows[PORTIONS]["outcome"], "failed")
        self.assertIn(b"the server waits in", run.stdout)

    def test_hung_in_accept(self):
        server = SERVER.replace("while data", "listener.accept()\n    while data") + "serve()\n"
        run, rows = self.grade(self.submission(server), f"--check={PORTIONS}", "--patience=1")
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
        run, rows = self.grade(self.submission(server), f"--check={PORTIONS}", "--patience=1")
        self.assertEqual(rows[PORTIONS]["outcome"], "failed")
        self.assertIn(b"waits in poll() on its connection with 127.0.0.1:", run.stdout)
        self.assertNotIn(b"futex", run.stdout)

    def test_a_slow_start_is_not_taken_for_none_once_something_failed(self):
        server = "import time\ntime.sleep(1)\n" + SERVER + "serve(lambda peer, data: None)\n"
        row = self.outcome(server, PORTIONS)
        self.assertEqual(row["outcome"], "failed", row)
        self.assertIn("only 0 of", row["summary"])


if __name__ == "__main__":
    unittest.main()
