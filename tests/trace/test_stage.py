"""Real programs under the real strace, and the relay."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import common

from ladder import picture, scenes, stage, text
from ladder.relay import Relay

SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
client, _ = listener.accept()
while data := client.recv(1024):
    client.sendall(data)
"""
CLIENT = """
import socket, sys
server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for line in sys.stdin:
    server.sendall(line.encode())
    print(server.recv(1024).decode(), end="", flush=True)
"""


def columns(drawn):
    """What stands left and right of the lanes, from top to bottom."""
    rows = [row.split("┃") for row in drawn.splitlines() if "┃" in row]
    return [" ".join(" ".join(row[side] for row in rows).replace("┊", " ").split())
            for side in (0, -1)]


def strace_works():
    if not shutil.which("strace"):
        return False
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True)
    return tried.returncode == 0


@unittest.skipUnless(strace_works(), "strace may not trace here")
class StageTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, side, code):
        path = os.path.join(self.folder, side)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable} -SI\n{code}")
        os.chmod(path, 0o755)

    def play(self, server, client, *typed):
        self.write("server", server)
        self.write("client", client)
        with stage.Stage(self.folder) as played:
            scenes.feed(played, typed)
            played.curtain_falls()
            drawn = picture.draw("", played.events(), played.steps, played.names())
            scratch, processes = played.scratch, [actor.process for actor in played.actors]
        self.assertFalse(os.path.exists(scratch))
        self.assertTrue(all(process.poll() is not None for process in processes))
        return text.render(drawn, 120)

    def test_a_conversation(self):
        rows = self.play(SERVER, CLIENT, "Привет\n".encode(), b"bye\n")
        self.assertRegex(rows, r'send\(3, "Привет\\n"\) = 13 +┃─+▶┃ +(recv.*)?= 13 "Привет\\n"')
        self.assertRegex(rows, r'recv\(3, 1024\) = 4 "bye\\n" +┃◀─+┃ send\(4, "bye\\n"\) = 4')
        self.assertIn("./client 127.0.0.1 9090", rows)
        self.assertIn("bind(3, 127.0.0.1:9090)", rows)
        self.assertLess(rows.index("accept(3)"), rows.index("./client"))

    def test_the_same_programs_give_the_same_calls(self):
        """Whether a call that waits has a row more may differ from one time to the next."""
        self.assertEqual(columns(self.play(SERVER, CLIENT, b"one\n", b"two\n")),
                         columns(self.play(SERVER, CLIENT, b"one\n", b"two\n")))

    def test_a_server_that_ends_at_once(self):
        rows = self.play("raise SystemExit(3)", CLIENT, b"one\n")
        self.assertIn("exit(3)", rows)
        self.assertIn("ECONNREFUSED", rows)

    def test_a_server_that_never_listens_is_waited_for_in_vain(self):
        with mock.patch.object(stage, "PATIENCE", 0.2):
            self.assertIn("ECONNREFUSED", self.play("input()\ninput()", CLIENT, b"one\n"))

    def test_programs_that_are_never_still_do_not_keep_it_for_ever(self):
        busy = SERVER.replace("client, _ =", "print(flush=True)\nclient, _ =") + "while True: pass"
        with mock.patch.object(stage, "RESTLESS", 0.2):
            self.assertIn("= 4, 127.0.0.1:50000", self.play(busy, CLIENT, b"one\n"))

    def test_a_client_that_reads_nothing_is_not_typed_at_for_ever(self):
        with mock.patch("ladder.actor.PATIENCE", 0.2), mock.patch.object(stage, "RESTLESS", 0.2):
            self.play(SERVER, "import time\ntime.sleep(60)", b"x" * 1_000_000)

    def test_a_program_that_cannot_be_started(self):
        self.write("server", "")
        self.write("client", "")
        with open(os.path.join(self.folder, "server"), "w", encoding="utf-8") as file:
            file.write("#!/no/such/interpreter\n")
        with stage.Stage(self.folder) as played, self.assertRaises(stage.Failure):
            played.server(played.port, listens=played.port)
            played.events()


class RelayTest(unittest.TestCase):
    def setUp(self):
        self.server, self.client = (self.bound() for _ in range(2))
        probe = self.bound()
        port = probe.getsockname()[1]
        probe.close()
        self.relay = Relay(port, self.server.getsockname()[1], are_waiting=lambda: True)
        self.relay.start()
        self.addCleanup(self.relay.stop)
        self.way = (self.client.getsockname()[1], self.server.getsockname()[1])

    def bound(self):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.settimeout(10)
        self.addCleanup(made.close)
        return made

    def test_it_passes_on_loses_and_doubles(self):
        self.relay.loses("SAY")
        self.relay.doubles("SAY 2")
        for number in range(1, 4):
            self.client.sendto(b"SAY %d" % number, ("127.0.0.1", self.relay.port))
        arrived = [self.server.recvfrom(100)[0] for _ in range(3)]
        self.assertEqual(arrived, [b"SAY 2", b"SAY 2", b"SAY 3"])
        self.assertEqual(self.relay.deliveries(self.way), [1, 1, 2])

    def test_answers_find_their_way_back(self):
        self.client.sendto(b"question", ("127.0.0.1", self.relay.port))
        _, door = self.server.recvfrom(100)
        self.server.sendto(b"answer", door)
        answer, sender = self.client.recvfrom(100)
        self.assertEqual((answer, sender[1]), (b"answer", self.relay.port))
        self.assertEqual(self.relay.behind(door[1]), self.way[0])
        self.assertEqual(self.relay.behind(self.relay.port), self.way[1])


if __name__ == "__main__":
    unittest.main()
