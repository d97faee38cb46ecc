"""What is measured: the servers, side by side, and the loads that are put on each."""

import base64
import contextlib
import functools
import hashlib
import os
import socket
import sys
from dataclasses import dataclass, field

from servers import TIME_LIMIT, Missing, Server, on_one_processor, run_load

NAME, PASSWORD, SALT = "bench", "a long password", "abcdefghijklmnopqrstuv"


@dataclass(frozen=True)
class Size:
    """How much of it: in milliseconds and counts."""
    rounds: int
    milliseconds: int
    crowd: int
    logins: int
    hashes: int  # of those that are waited for
    members: tuple


FULL = Size(rounds=5, milliseconds=100, crowd=1000, logins=200, hashes=2, members=(10, 100, 1000))
TINY = Size(rounds=1, milliseconds=1, crowd=10, logins=2, hashes=1, members=(2, 4, 8))


@dataclass(frozen=True)
class Subject:
    """`limit` is the subject that its figures are divided by."""
    name: str
    command: tuple
    limit: str = ""
    role: str = "lab"  # or "limit", "lesson": a slow way; "peer": what one would take instead
    account: bool = False  # whether one has to log in first


def lab(number, folder, limit="", **options):
    return Subject(f"lab {number}", (f"./lab{number}_{folder}/server", "{port}"), limit, **options)


def bare(name, program, *words, limit="", role="limit"):
    return Subject(name, (f"./build/bench/{program}", "{port}", *words), limit or name, role)


def peer(name, *command, limit):
    return Subject(name, command, limit, "peer")


def python(program, *words):
    folder = os.path.dirname(os.path.abspath(__file__))
    return sys.executable, os.path.join(folder, program), "{port}", *words


ECHO = (
    lab(1, "echo", "bare echo"),
    lab(2, "persistent", "bare lines"),
    lab(4, "logfile", "bare lines, log"),
    bare("bare echo", "bare_echo", "write"),
    bare("bare lines", "bare_lines", "console"),
    bare("bare lines, log", "bare_lines", "log"),
    bare("bare echo, silent", "bare_echo", "silent", limit="bare echo"),
    bare("bare echo, std::endl", "bare_echo", "endl", limit="bare echo", role="lesson"),
    bare("bare echo, std::cerr", "bare_echo", "cerr", limit="bare echo", role="lesson"),
    bare("bare echo, delayed", "bare_echo", "delayed", limit="bare echo", role="lesson"),
    bare("bare lines, log, fsync", "bare_lines", "fsync", limit="bare lines, log", role="lesson"),
    # With its usual 8 KB it may wait for room in a pipe that it alone reads, for ever: poll() says
    # that a pipe can be written to when it has room for 4 KB.
    peer("socat", "socat", "-b1024", "-t0.05",
         "TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork", "PIPE", limit="bare echo"),
    peer("ncat", "ncat", "--listen", "--keep-open", "--exec", "/bin/cat", "127.0.0.1", "{port}",
         limit="bare echo"),
    peer("Python socketserver", *python("peer_socketserver.py"), limit="bare echo"),
    peer("Python asyncio", *python("peer_asyncio.py", "echo"), limit="bare echo"),
    peer("Boost.Asio", "./build/bench/peer_asio", "{port}", "echo", limit="bare echo"),
)

FRAMES = (
    lab(8, "framing", "bare frames", account=True),
    bare("FramedSocket alone", "framed_echo", limit="bare frames", role="lab"),
    bare("bare frames", "bare_frames", "ahead"),
    bare("bare frames, together", "bare_frames", "together", limit="bare frames"),
    bare("bare frames, two recv", "bare_frames", "two-recvs", limit="bare frames", role="lesson"),
    bare("bare frames, two send", "bare_frames", "two-sends", limit="bare frames", role="lesson"),
    peer("Python asyncio, frames", *python("peer_asyncio.py", "frames"), limit="bare frames"),
    peer("Boost.Asio, frames", "./build/bench/peer_asio", "{port}", "frames",
         limit="bare frames"),
)

CROWD = (
    lab(9, "dialog", "bare poll", account=True),
    bare("bare poll", "bare_poll"),
    peer("Python asyncio, frames", *python("peer_asyncio.py", "frames"), limit="bare poll"),
    peer("Boost.Asio, frames", "./build/bench/peer_asio", "{port}", "frames", limit="bare poll"),
)

CHAT = (
    lab(10, "udpchat", "bare sendto"),
    bare("bare sendto", "bare_chat", "sendto"),
    bare("bare sendmmsg", "bare_chat", "sendmmsg", limit="bare sendto"),
)

LAB7 = lab(7, "auth", "bare hash", account=True)
TALK = lab(9, "dialog", account=True)
TALK_HASH = bare("bare poll, hashing", "bare_poll", "hash", role="lesson")


@functools.cache
def record(rounds):
    key = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${SALT}${base64.b64encode(key).decode()}"


def users(slow_names):
    """A users.tsv: NAME logs in at once, the `slow_names` as slowly as everybody does."""
    slow = record(600_000)
    rows = [f"{NAME}\t{record(1)}", *(f"{name}\t{slow}" for name in slow_names)]
    return {"users.tsv": "".join(row + "\n" for row in rows)}


@dataclass
class Bench:
    size: Size
    table: dict = field(default_factory=dict)    # (subject, figure): a value for each round
    missing: dict = field(default_factory=dict)  # subject: why
    peaks: dict = field(default_factory=dict)    # subject: MB, of this round

    def note(self, subject, pairs):
        for figure, value in pairs:
            self.table.setdefault((subject, figure), []).append(value)

    def server(self, subject, files=None, udp=False):
        return Server(subject.command, udp, files or (users([]) if subject.account else {}))

    def measure(self, subject, *loads, files=None, name=""):
        """Each load is a program's name and the words after the port; `name` is for the table."""
        try:
            with self.server(subject, files) as server:
                for program, *words in loads:
                    alone = (on_one_processor(server.process) if "round-trips" in words else
                             contextlib.nullcontext())
                    with alone:
                        self.note(name or subject.name, run_load(program, server.port, *words))
                    if subject.role == "lab" and (memory := server.peak_memory()):
                        self.peaks[name or subject.name] = memory
        except SystemExit as failure:
            sys.exit(f"{subject.name}: {failure}")
        except Missing as missing:
            if subject.role != "peer":
                raise
            self.missing[subject.name] = str(missing)

    def round(self):
        self.peaks = {}
        for subject in ECHO:
            self.echo(subject)
        for subject in FRAMES:
            self.measure(subject, *(("load_frames", self.size.milliseconds, what,
                                     *account_of(subject)) for what in ("round-trips", "stream")))
        for subject in CROWD:
            self.measure(subject, ("load_crowd", 5 * self.size.milliseconds, self.size.crowd,
                                   *account_of(subject)))
        self.talk()
        self.measure(LAB7, ("load_logins", self.size.hashes, "slow", PASSWORD),
                     files=users(["slow"]))
        self.note("classes", run_load("load_classes", self.size.milliseconds))
        for name, memory in self.peaks.items():
            self.note(name, [("memory", memory)])

    def echo(self, subject):
        round_trips, stream, long_lines, connections = (
            ("load_echo", self.size.milliseconds, what)
            for what in ("round-trips", "stream", "long-lines", "connections"))
        if subject.name == "lab 1":  # which takes one client
            self.measure(subject, round_trips)
            self.measure(subject, stream)
            self.look_at_memory_with_one_client(subject)
        elif subject.role == "lesson" and "std::" not in subject.name:
            self.measure(subject, round_trips)  # a stream would take minutes
        elif subject.name == "ncat":
            # In a stream its pipes to cat and from it get full, and each waits for the other.
            self.measure(subject, round_trips, connections)
        elif subject.role == "lab" or "lines" in subject.name:
            self.measure(subject, round_trips, stream, long_lines, connections)
        else:
            self.measure(subject, round_trips, stream, connections)

    def look_at_memory_with_one_client(self, subject):
        """Of lab 1, whose memory is gone when its client has gone."""
        with self.server(subject) as server, \
                socket.create_connection(("127.0.0.1", server.port), timeout=TIME_LIMIT) as client:
            client.sendall(b"x" * 1024)
            client.recv(1024, socket.MSG_WAITALL)
            self.peaks[subject.name] = server.peak_memory()

    def talk(self):
        """Of one who talks at lab 9 alone, during logins, and where the loop itself hashes."""
        time, logins = 5 * self.size.milliseconds, self.size.logins
        files = users([f"{NAME}{number}" for number in range(1, logins + 1)])
        self.measure(TALK, ("load_talk", time, 0, NAME, PASSWORD), name="lab 9, one client")
        self.measure(TALK, ("load_talk", time, logins, NAME, PASSWORD), files=files,
                     name="lab 9, during logins")
        self.measure(TALK_HASH, ("load_talk", time, self.size.hashes))

    def chat(self):
        """All rounds: the servers stay, and are asked in turn."""
        for members in self.size.members:
            servers = [self.server(subject, udp=True) for subject in CHAT]
            with servers[0], servers[1], servers[2]:
                pairs = run_load("load_chat", self.size.milliseconds, self.size.rounds, members,
                                 *(server.port for server in servers))
                names = {str(server.port): subject.name
                         for server, subject in zip(servers, CHAT)}
                for port, value in pairs:
                    self.note(names[port], [(f"fan-out {members}", value)])
                self.note("lab 10" if members > self.size.members[0] else "lab 10, few members",
                          [("memory", servers[0].peak_memory())])


def account_of(subject):
    return (NAME, PASSWORD) if subject.account else ()
