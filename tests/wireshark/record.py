#!/usr/bin/env python3
"""Captures real conversations of labs 8, 9 and 10, on a machine of their own (a network namespace).

  record.py [FOLDER]     writes lab8.pcap, lab9.pcap and lab10.pcap there; default: kept/

Exit status 77 if it cannot be done here.
"""

import contextlib
import glob
import multiprocessing
import os
import socket
import struct
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

from machines.namespaces import Machine, NotAllowed, may_have_machines  # noqa: E402
from machines.programs import PATIENCE, Client, Server  # noqa: E402

PORT = 9090
ETH_P_ALL = 3          # <linux/if_ether.h>
LINKTYPE_ETHERNET = 1  # pcap-linktype(7); loopback has that form, too
PASSWORDS = ("correct horse", "a wrong one")
LAST_WORD = b"this was the last datagram"


@contextlib.contextmanager
def captured(path):
    """Everything on loopback goes into the file."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    listener.bind(("lo", 0))
    listener.settimeout(PATIENCE)
    writer = multiprocessing.get_context("fork").Process(target=write_capture,
                                                         args=(listener, path), daemon=True)
    writer.start()
    listener.close()
    yield
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        speaker.sendto(LAST_WORD, ("127.0.0.1", 9))
    writer.join()
    if writer.exitcode != 0:
        raise RuntimeError("not all was captured")


def write_capture(listener, path):
    """A file of pcap(5): a header, and each packet behind its time and its length."""
    packet = b""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET))
        while not packet.endswith(LAST_WORD):
            packet, sender = listener.recvfrom(65535)
            if sender[2] != socket.PACKET_OUTGOING:  # it comes in as well, and is seen twice
                seconds, nanoseconds = divmod(time.time_ns(), 10**9)
                file.write(struct.pack("<IIII", seconds, nanoseconds // 1000, len(packet),
                                       len(packet)) + packet)


def read(path):
    with open(path, "rb") as file:
        return file.read()


@contextlib.contextmanager
def stage(lab):
    """A function that starts the lab's client, for each its folder; the server is there."""
    (folder,) = glob.glob(os.path.join(glob.escape(ROOT), f"lab{lab}_*"))
    with tempfile.TemporaryDirectory(prefix="record-") as scratch:
        with Server(folder, os.path.join(scratch, "server"), str(PORT)) as server:
            yield lambda name: Client(folder, os.path.join(scratch, name), "127.0.0.1", str(PORT))
            server.stop()


def visit(client, *lines):
    with client:
        client.type(*lines)
        client.ends_its_input()
        client.must_end()


class Visitor:
    """Sends bytes as it likes."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", PORT), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a segment each send()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        (length,) = struct.unpack(">I", self._exactly(4))
        return self._exactly(length).decode()

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise RuntimeError("the server has closed the connection")
            data += more
        return data

    def leave(self):
        """When the server has closed, or closes now."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(4096):
                pass
        self.socket.close()


def frame(text):
    payload = text.encode()
    return struct.pack(">I", len(payload)) + payload


def login_by_hand(token):
    visitor = Visitor()
    visitor.receive()
    visitor.send(frame(token))
    visitor.receive()
    return visitor


def lab8(start):
    """A registration; two frames in a segment and one in two; a wrong password; all at once,
    unasked; and what is no frame."""
    client = start("Anna")
    visit(client, "Анна", PASSWORDS[0], PASSWORDS[0], "привет", "", "второе", "exit")
    token = client.said("session.token").strip()

    visitor = login_by_hand(token)
    visitor.send(frame("one") + frame("two\nlines"))
    visitor.receive(), visitor.receive()
    three = frame("three")
    visitor.send(three[:6])
    visitor.send(three[6:])
    visitor.receive()
    visitor.send(frame("logout"))
    visitor.leave()

    visit(start("a guest"), "Анна", PASSWORDS[1], PASSWORDS[0], "ASK password no question", "exit")

    visitor = Visitor()
    visitor.send(b"".join(map(frame, ("", "Анна", PASSWORDS[0], "unasked", "exit"))))
    visitor.leave()

    for nonsense in (b"\xff\xff\xff\xff", b"\0\0\0\2\xc3\x28"):
        visitor = Visitor()
        visitor.receive()
        visitor.send(nonsense)
        visitor.leave()


def lab9(start):
    """Two people at the same time."""
    visit(start("Anna"), "Anna", PASSWORDS[0], PASSWORDS[0], "first", "second", "exit")
    with start("Anna") as anna:
        anna.type("third")
        anna.wait_until(lambda: "third" in anna.said("output"), "was not answered")
        visit(start("Boris"), "Борис", PASSWORDS[1], PASSWORDS[1], "четвёртое", "exit")
        anna.type("fifth", "logout")
        anna.must_end()


def lab10(start):
    """Two people; and datagrams that are none of the chat's."""
    with start("Anna") as anna, start("Boris") as boris:
        for client, nick in ((anna, "Anna"), (boris, "Борис")):
            client.type(nick)
            client.wait_until(lambda: "connect: " in client.said("messages"), "was not let in")
        anna.type("Is anybody there?")
        boris.wait_until(lambda: "anybody" in boris.said("output"), "did not hear Anna")
        boris.type("Да, здесь.", "/who")
        boris.wait_until(lambda: "* here: " in boris.said("messages"), "was not told who is here")
        anna.wait_until(lambda: "здесь" in anna.said("output"), "did not hear Борис")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for datagram in NO_DATAGRAMS:
                stranger.sendto(datagram, ("127.0.0.1", PORT))
        for client in (anna, boris):
            client.type("/quit")
            client.must_end()


NO_DATAGRAMS = (b"", b"HELLO", b"SAY deadbeef 0\nzero", b"SAY deadbeef 1", b"PING deadbeef\ntext",
                b"JOIN two nicks here", b"SAY deadbeef 1\n\x1b[2J", b"SAY deadbeef 1\n\xff",
                b"SAY deadbeef 1\n" + b"x" * 1001, b"x" * 1201)


def record(folder):
    """Leaves this machine's network for good."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where some systems keep ip
    may_have_machines()
    Machine("recorder").configure("link set lo up")
    for lab, talk in ((8, lab8), (9, lab9), (10, lab10)):
        with captured(os.path.join(folder, f"lab{lab}.pcap")), stage(lab) as start:
            talk(start)


if __name__ == "__main__":
    try:
        record(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "kept"))
    except NotAllowed as reason:
        print(f"record: no capture can be made here ({reason})", file=sys.stderr)
        sys.exit(77)
