"""What /proc says of programs and ports."""

import os
import re
from typing import NamedTuple


def read_file(path):
    """Empty if there is none, or none any more."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


class Watch:
    """Looks at all threads of some sessions: see setsid(2)."""

    STATE = re.compile(rb"State:\t(\w).*voluntary_ctxt_switches:\t(\d+)\n"
                       rb"nonvoluntary_ctxt_switches:\t(\d+)", re.DOTALL)

    def __init__(self):
        self.sessions = set()
        self.session_of = {}  # process: its session

    def look(self):
        """{session: {thread: (state, how often it was given a processor)}}"""
        found = {session: {} for session in self.sessions}
        for process, session in self.processes():
            for thread in threads_of(process):
                state = self.STATE.search(read_file(f"{thread}/status"))
                if state and state[1] != b"Z":
                    found[session][thread] = state.groups()
        return found

    def processes(self):
        numbers = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
        self.session_of = {number: number if number in self.sessions else
                           self.session_of.get(number) or session(number) for number in numbers}
        return [(f"/proc/{number}", session) for number, session in self.session_of.items()
                if session in self.sessions]


# States: asleep; stopped, as only strace may be here; strace has not let it go on. All others run.
ASLEEP, STOPPED, TRACED = b"S", b"T", b"t"


def running(threads):
    return [thread for thread, (state, *_) in threads.items()
            if state not in (ASLEEP, STOPPED, TRACED)]


def held(threads):
    return [thread for thread, (state, *_) in threads.items() if state == TRACED]


def process_of(thread):
    return int(thread.split("/")[2])


def session(number):
    fields = read_file(f"/proc/{number}/stat").rpartition(b")")[2].split()
    return int(fields[3]) if fields else 0


def threads_of(process):
    try:
        return [f"{process}/task/{thread}" for thread in os.listdir(f"{process}/task")]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_bound(port):
    """Whether a TCP socket listens on the port, or a UDP socket has it."""
    return any(entry.local == port and entry.state == ("0A" if "tcp" in entry.table else "07")
               for entry in sockets("tcp", "tcp6", "udp", "udp6"))


def is_under_way(ports):
    """Whether TCP has something that is to or from one of the ports, and has not arrived."""
    return any(entry.unsent or entry.state == "03" for entry in sockets("tcp", "tcp6")
               if entry.local in ports or entry.remote in ports)


class Entry(NamedTuple):
    table: str
    local: int   # ports
    remote: int
    state: str   # "0A": it listens; "03": SYN_RECV; "07": a UDP socket
    unsent: int  # bytes that the other side has not acknowledged


def sockets(*tables):
    """The rows of /proc/net/tcp and its like; see proc(5)."""
    for table in tables:
        for line in read_file(f"/proc/net/{table}").decode().splitlines()[1:]:
            _, local, remote, state, queues, *_ = line.split()
            yield Entry(table, int(local[-4:], 16), int(remote[-4:], 16), state,
                        int(queues.split(":")[0], 16))
