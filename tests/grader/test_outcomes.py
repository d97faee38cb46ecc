"""Each way of not passing is told from the others, with its reason."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from common import BYTES, GRADER, SERVER, TIME_LIMIT, GraderTest


class Outcomes(GraderTest):
    def test_passed(self):
        row = self.outcome(SERVER + "serve()\n", BYTES)
        self.assertEqual(row["outcome"], "passed")
        self.assertEqual(row["points"], row["worth"])

    def test_failed(self):
        row = self.outcome(SERVER + "serve(lambda peer, data: peer.sendall(data.upper()))\n")
        self.assertEqual(row["outcome"], "failed")
        self.assertEqual(row["points"], "0")

    def test_a_runtime_that_is_not_where_it_looks_is_found(self):
        server = SERVER + "serve(lambda p, d: p.sendall(d if os.environ['JAVA_HOME'] == '/j' else b''))\n"
        run, rows = self.grade(self.submission(server), f"--check={BYTES}",
                               environment={"JAVA_HOME": "/j"})
        self.assertEqual(rows[BYTES]["outcome"], "passed", run.stdout.decode())

    def test_what_cannot_be_tried_here_costs_nothing_but_earns_nothing_without_a_program(self):
        check = "server: each message is one write"
        tools = self.folder / "tools"
        tools.mkdir()
        for tool in ("sh", "env", "rm", "chmod", "python3"):  # and no strace
            (tools / tool).symlink_to(shutil.which(tool, path=os.defpath))
        for server, outcome in ((SERVER + "serve()\n", "left out"),
                                ("raise SystemExit(1)\n", "not run")):
            with self.subTest(outcome):
                run, rows = self.grade(self.submission(server), f"--check={check}",
                                       environment={"PATH": str(tools)})
                self.assertEqual(rows[check]["outcome"], outcome, run.stdout.decode())
                self.assertEqual(rows[check]["points"],
                                 rows[check]["worth"] if outcome == "left out" else "0")

    def test_advice_is_about_the_program_and_not_about_the_grader(self):
        quiet = ("def quiet(peer, data):\n"
                 "    try:\n"
                 "        peer.sendall(data)\n"
                 "    except OSError:\n"
                 "        pass\n"
                 "serve(quiet)\n")
        sends_late = SERVER.replace("        handle(peer, data)\n", "").replace(
            "to {name}\")\n", "to {name}\")\n        handle(peer, data)\n")
        check = "server: says send when a portion has gone out and not before"
        run, rows = self.grade(self.submission(sends_late + quiet), f"--check={check}")
        self.assertEqual(rows[check]["outcome"], "failed", run.stdout.decode())
        self.assertIn(b"`send` is not to be said here", run.stdout)
        self.assertNotIn(b"(RST)", run.stdout)

    def test_crashed_by_a_signal(self):
        row = self.outcome(SERVER + "serve(lambda peer, data: os.kill(os.getpid(), 11))\n")
        self.assertEqual(row["outcome"], "crashed")
        self.assertIn("Segmentation fault", row["summary"])
        self.assertIn("receive: 1 bytes", row["summary"])

    def test_crashed_by_an_exception(self):
        row = self.outcome(SERVER + "serve(lambda peer, data: 1 // 0)\n")
        self.assertEqual(row["outcome"], "crashed")
        self.assertIn("ZeroDivisionError", row["summary"])

    def test_a_makefile_makes_it_of_whatever_there_is(self):
        where = self.submission(SERVER + "serve()\n")
        for role in ("server", "client"):
            (where / f"{role}.py").rename(where / f"the_{role}.python")
        (where / "Makefile").write_text(
            "server client: % : the_%.python\n"
            "\t{ echo '#!/usr/bin/env python3'; cat $<; } >$@ && chmod 755 $@\n")
        run, rows = self.grade(where, f"--check={BYTES}")
        self.assertEqual(rows[BYTES]["outcome"], "passed", run.stdout.decode())

    def test_a_makefile_makes_what_ready_scripts_start(self):
        where = self.submission(SERVER + "serve()\n")
        for role in ("server", "client"):
            (where / f"{role}.py").rename(where / f"the_{role}.python")
            (where / role).write_text(f'#!/bin/sh\nexec python3 "${{0%/*}}/made/the_{role}.py" "$@"\n')
            (where / role).chmod(0o755)
        (where / "Makefile").write_text(
            "made: the_server.python the_client.python\n"
            "\tmkdir -p $@ && for file in $^; do cp $$file $@/$${file%.python}.py; done\n")
        run, rows = self.grade(where, f"--check={BYTES}")
        self.assertEqual(rows[BYTES]["outcome"], "passed", run.stdout.decode())

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

    def test_what_is_too_much_to_be_copied_is_told_and_costs_nothing_else(self):
        where = self.submission(SERVER + "serve()\n")
        (where / "a" / "venv").mkdir(parents=True)
        for number in range(2001):
            (where / "a" / "venv" / f"{number}.py").touch()
        with open(where / "core.dump", "wb") as core:
            core.truncate(201 << 20)
        run, rows = self.grade(where, f"--check={BYTES}")
        self.assertEqual(rows[BYTES]["outcome"], "passed", run.stdout.decode())
        self.assertRegex(run.stdout, rb"not copied, beyond 2000 files in folders: a/venv/\d+\.py\n")
        self.assertIn(b"not copied, larger than 200 MB: core.dump\n", run.stdout)

    def test_a_result_that_is_too_large_to_be_told_whole_is_told(self):
        talker = "serve(lambda p, d: [say(f'{word}: x') for _ in range(40000) for word in 'ab'])\n"
        check = "server: says what happens in the order in which it happens"
        run, rows = self.grade(self.submission(SERVER + talker), f"--check={check}")
        self.assertEqual(rows[check]["outcome"], "failed", run.stderr.decode())
        self.assertIn(b" bytes ... ", run.stdout)


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

    def test_who_is_interrupted_in_the_midst_of_a_check_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), tempfile.TemporaryDirectory() as folder:
                Path(folder).chmod(0o711)  # other users' programs run in folders in it
                report = Path(folder, "checks.csv")
                run = subprocess.Popen([GRADER, f"--csv={report}", "1"], start_new_session=True,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       env={**os.environ, "TMPDIR": folder})
                while run.poll() is None and not (report.exists() and "passed" in report.read_text()):
                    time.sleep(0.01)
                os.killpg(run.pid, number)  # as Ctrl-C does
                _, said = run.communicate(timeout=TIME_LIMIT)
                self.assertEqual(run.returncode, 128 + number, said)
                self.assertEqual(said, b"")
                self.assertEqual(list(Path(folder).glob("grade.*")), [])


if __name__ == "__main__":
    unittest.main()
