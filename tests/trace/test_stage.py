"""Real programs under the real strace, and the relay."""

import glob
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import common

from ladder import picture, scenes, stage, svg, text
from ladder.proc import read_file
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


def be_patient(test):
    """However busy the machine is: what has to come is waited for, and nobody is given up."""
    for name in ("ladder.actor.PATIENCE", "ladder.stage.PATIENCE", "ladder.stage.RESTLESS"):
        changed = mock.patch(name, 300)
        changed.start()
        test.addCleanup(changed.stop)


def strace_works():
    if not shutil.which("strace"):
        return False
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True)
    return tried.returncode == 0


@unittest.skipUnless(strace_works(), "strace may not trace here")
class StageTest(unittest.TestCase):
    def setUp(self):
        be_patient(self)
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

    def test_the_same_programs_give_the_same_picture(self):
        self.assertEqual(self.play(SERVER, CLIENT, b"one\n", b"two\n"),
                         self.play(SERVER, CLIENT, b"one\n", b"two\n"))

    def test_what_is_sent_twice_is_received_twice(self):
        """If the other one waits for it; however long either takes."""
        twice = SERVER.replace("client.sendall(data)", "client.sendall(data); client.sendall(data)")
        waits = CLIENT.replace("print", "server.recv(1024); print")
        for _ in range(3):
            rows = self.play(twice, waits, b"one\n")
            self.assertEqual(rows.count('recv(3, 1024)'), 2)
            self.assertNotIn('= 8 "one', rows)

    def test_a_server_that_ends_at_once(self):
        rows = self.play("raise SystemExit(3)", CLIENT, b"one\n")
        self.assertIn("exit(3)", rows)
        self.assertIn("ECONNREFUSED", rows)

    def test_a_server_that_never_listens_is_waited_for_in_vain(self):
        with mock.patch.object(stage, "PATIENCE", 0.2):
            self.assertIn("ECONNREFUSED", self.play("input()\ninput()", CLIENT, b"one\n"))

    def test_programs_that_are_never_still_do_not_keep_it_for_ever(self):
        self.write("server", SERVER + "while True: pass")
        self.write("client", CLIENT)
        with stage.Stage(self.folder) as played:
            server = played.server(played.port, listens=played.port)
            client = played.client("127.0.0.1", played.port)
            client.types("one")
            with mock.patch.object(stage, "RESTLESS", 0.2):
                client.ends_input()
                played.curtain_falls()
            self.assertTrue(server.restless)
            drawn = picture.draw("", played.events(), played.steps, played.names())
        self.assertIn("= 4, 127.0.0.1:50000", text.render(drawn, 120))

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


@unittest.skipUnless(strace_works(), "strace may not trace here")
class LabsTest(unittest.TestCase):
    """The labs' own conversations, if they are built."""

    def setUp(self):
        be_patient(self)
        # Where they are built with sanitizers: one process cannot be traced by two.
        changed = mock.patch.dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        changed.start()
        self.addCleanup(changed.stop)

    def picture(self, lab):
        folder, = glob.glob(os.path.join(common.HERE, "..", "..", f"lab{lab}_*"))
        if not os.path.exists(os.path.join(folder, "server")):
            self.skipTest(f"lab {lab} is not built")
        # A sanitizer of undefined behaviour tries pointers on a pipe. While a thread of the server
        # does so, accept() in another gets a later number than usual.
        if b"__ubsan_" in read_file(os.path.join(folder, "server")):
            self.skipTest("the sanitizer in the server opens descriptors of its own")
        with stage.Stage(folder) as played:
            scenes.play(played, lab)
            played.curtain_falls()
            return svg.render(picture.draw("", played.events(), played.steps, played.names(),
                                           played.relay, played.since))

    def test_each_time_the_same_picture(self):
        """Of those that wait for each other alone, and for no timer or calculation."""
        for lab in (2, 7):
            with self.subTest(lab=lab):
                self.assertEqual(self.picture(lab), self.picture(lab))


class RelayTest(unittest.TestCase):
    def setUp(self):
        self.server, self.client = (self.bound() for _ in range(2))
        probe = self.bound()
        port = probe.getsockname()[1]
        probe.close()
        self.relay = Relay(port, self.server.getsockname()[1])
        self.addCleanup(self.relay.stop)
        self.way = (self.client.getsockname()[1], self.server.getsockname()[1])

    def bound(self):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.settimeout(60)
        self.addCleanup(made.close)
        return made

    def send(self, data):
        self.client.sendto(data, ("127.0.0.1", self.relay.port))
        self.assertTrue(self.relay.turn())

    def test_it_passes_on_loses_and_doubles(self):
        self.relay.loses("SAY")
        self.relay.doubles("SAY 2")
        for number in range(1, 4):
            self.send(b"SAY %d" % number)
        arrived = [self.server.recvfrom(100)[0] for _ in range(3)]
        self.assertEqual(arrived, [b"SAY 2", b"SAY 2", b"SAY 3"])
        self.assertEqual(self.relay.deliveries(self.way), [1, 1, 2])

    def test_one_at_a_time(self):
        for _ in range(2):
            self.client.sendto(b"SAY", ("127.0.0.1", self.relay.port))
        self.assertTrue(self.relay.turn())
        self.server.recvfrom(100)
        self.assertFalse(select.select([self.server], [], [], 0)[0])
        self.assertTrue(self.relay.turn())
        self.assertFalse(self.relay.turn())

    def test_it_notices_what_is_sent_again_without_need(self):
        self.relay.loses("SAY 1")
        for data in (b"SAY 1", b"SAY 1", b"SAY 2"):
            self.send(data)
        self.assertFalse(self.relay.repeated)
        self.send(b"SAY 1")
        self.assertTrue(self.relay.repeated)

    def test_what_it_doubles_may_be_answered_twice(self):
        self.relay.doubles("SAY")
        self.send(b"SAY")
        _, door = self.server.recvfrom(100)
        for again in (False, False, True):
            self.server.sendto(b"ACK", door)
            self.assertTrue(self.relay.turn())
            self.assertEqual(self.relay.repeated, again)

    def test_answers_find_their_way_back(self):
        self.send(b"question")
        _, door = self.server.recvfrom(100)
        self.server.sendto(b"answer", door)
        self.assertTrue(self.relay.turn())
        answer, sender = self.client.recvfrom(100)
        self.assertEqual((answer, sender[1]), (b"answer", self.relay.port))
        self.assertEqual(self.relay.behind(door[1]), self.way[0])
        self.assertEqual(self.relay.behind(self.relay.port), self.way[1])


if __name__ == "__main__":
    unittest.main()
