"""What the tests of the grader have in common: submissions made on the spot, and a way to have them
graded."""

import csv
import os
import subprocess
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GRADER = ROOT / "tests/grade/grade"
TIME_LIMIT = 300  # seconds for one run of the grader

# A server of lab 1 that says what it should; what it does with a client, each test adds.
SERVER = '''
import os, signal, socket, sys

def say(text):
    sys.stderr.write(f"[server] {text}\\n")
    sys.stderr.flush()

def serve(handle=lambda peer, data: peer.sendall(data)):
    say("start: lab1_echo")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9090
    listener.bind(("0.0.0.0", port))
    listener.listen()
    say(f"listen: 0.0.0.0:{port}")
    peer, address = listener.accept()
    name = f"{address[0]}:{address[1]}"
    say(f"connect: {name}")
    while data := peer.recv(1024):
        say(f"receive: {len(data)} bytes from {name}")
        handle(peer, data)
        say(f"send: {len(data)} bytes to {name}")
    say(f"disconnect: {name} closed the connection")
    say("stop: the client left")
'''

PORTIONS = "server: every portion goes back as it came"
BYTES = "server: never interprets the bytes"  # of those that need an echo, the quickest
SENDS_NOTHING = "server: a client that sends nothing is no error"


class GraderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="grader.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o711)  # other users' programs run in folders in it

    def submission(self, server, client="raise SystemExit(1)\n"):
        where = self.folder / "lab1"
        where.mkdir(exist_ok=True)
        (where / "server.py").write_text(server)
        (where / "client.py").write_text(client)
        return where

    def grade(self, submission, *options, lab=1, environment=None):
        """A finished run of the grader, and its checks as {title: row}."""
        report = self.folder / "checks.csv"
        run = subprocess.run(
            [GRADER, f"--submission={submission}", f"--csv={report}", "--patience=3", *options,
             str(lab)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT,
            env={**os.environ, "TMPDIR": str(self.folder), **(environment or {})})
        with open(report, newline="", encoding="utf-8") as file:
            return run, {row["check"]: row for row in csv.DictReader(file)}

    def outcome(self, server, check=PORTIONS, *options):
        """How one check of a server goes: its row."""
        _, rows = self.grade(self.submission(server), f"--check={check}", *options)
        self.assertEqual(list(rows), [check])
        return rows[check]


def earned(rows):
    return sum(Decimal(row["points"]) for row in rows.values())
