"""What `make test` counts, and that it leaves nothing running."""

import os
import signal
import subprocess
import tempfile
import time
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

from common import ROOT

RUN_TESTS = os.path.join(ROOT, "tools", "run_tests")
# Says what a doctest program does: 3 test cases, of which 2 could not be tried.
GRADER = """#!/bin/sh
case "$*" in
  *--count*) echo "[doctest] unskipped test cases passing the current filters: 3" ;;
  *) echo "2 checks were left out:" >&2
     echo "  server: a (no IPv6)" >&2
     echo "  server: b (no strace)" >&2
     echo "[doctest] test cases: 3 | 3 passed | 0 failed | 0 skipped" ;;
esac
"""
# Has a session of its own for what it starts, and ends that when it is interrupted.
STARTER = """#!/bin/sh
case "$*" in *--count*) echo "passing the current filters: 1"; exit ;; esac
trap 'kill "$started"; exit 1' INT
setsid sleep 600 & started=$!
echo "$started" >"$PLACE/started.new"
mv "$PLACE/started.new" "$PLACE/started"
wait
"""


def loaded():
    """The program as a module."""
    loader = SourceFileLoader("run_tests", RUN_TESTS)
    module = module_from_spec(spec_from_loader("run_tests", loader))
    loader.exec_module(module)
    return module


class RunTests(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="run_tests.")
        self.addCleanup(place.cleanup)
        self.place = place.name

    def program(self, text):
        path = os.path.join(self.place, "program")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def test_what_was_left_out_has_not_passed(self):
        module = loaded()
        result = module.run_doctest("grade lab1", [self.program(GRADER)])
        self.assertEqual((result.passed, result.failed, result.skipped), (1, 0, 2))
        self.assertEqual(result.remark, "server: a (no IPv6)\n    server: b (no strace)")

    def test_interrupted_it_lets_the_tests_end_what_they_have_started(self):
        started = os.path.join(self.place, "started")
        program = self.program(STARTER)
        with subprocess.Popen([RUN_TESTS, "--lab", "0", program], cwd=ROOT,
                              env={**os.environ, "PLACE": self.place},
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            self.addCleanup(run.kill)
            self.wait_until(lambda: os.path.exists(started))
            run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(60), 130)
        with open(started, encoding="utf-8") as file:
            pid = int(file.read())
        self.wait_until(lambda: not os.path.exists(f"/proc/{pid}"))

    def wait_until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
