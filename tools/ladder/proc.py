"""What /proc says of programs and ports."""

import os
import re


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
        """{thread: (state, how often it was given a processor)}; a state of "S" is asleep."""
        found = {}
        for process in self.processes():
            for thread in threads_of(process):
                state = self.STATE.search(read_file(f"{thread}/status"))
                if state and state[1] != b"Z":
                    found[thread] = state.groups()
        return found

    def processes(self):
        numbers = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
        self.session_of = {number: self.session_of.get(number) or session(number)
                           for number in numbers}
        return [f"/proc/{number}" for number in numbers
                if self.sessions & {number, self.session_of[number]}]


def session(number):
    fields = read_file(f"/proc/{number}/stat").rpartition(b")")[2].split()
    return int(fields[3]) if fields else 0


def threads_of(process):
    try:
        return [f"{process}/task/{thread}" for thread in os.listdir(f"{process}/task")]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_bound(port):
    """Whether a TCP socket listens on the port, or a UDP socket has it: see /proc/net/tcp."""
    wanted = f":{port:04X}"
    for name, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in read_file(f"/proc/net/{name}").decode().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == state:
                return True
    return False
