"""Events: what a program did, or what befell it; and which of them belong to the conversation."""

import os
import re
from dataclasses import dataclass, field

from .descriptors import Endpoint, Plain
from .strace import Call

SENDING = {"send", "sendto", "sendmsg", "write", "writev"}
RECEIVING = {"recv", "recvfrom", "recvmsg", "read", "readv"}
WAITING = {"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2"}
ABOUT_SOCKETS = SENDING | RECEIVING | {
    "bind", "listen", "accept", "accept4", "connect", "shutdown", "setsockopt", "close"}
SERVICE_MESSAGE = re.compile(rb"\[(server|client)\] ")
SHORT = 0.1  # seconds; a wait with a time limit that is shorter is hardly one
QUIET_SIGNALS = {"SIGCHLD", "SIGPIPE", "SIGURG", "SIGWINCH", "SIGCONT", "SIGSTOP"}


@dataclass(eq=False)
class Program:
    side: str                 # "server" or "client"
    command: str              # how it was started: "./client 127.0.0.1 9090"
    lane: int = 0             # its column in the picture
    name: str = ""            # over its column, if "client" or "server" does not say enough
    log: str = ""             # what strace wrote
    shown_files: dict = field(default_factory=dict)  # {a file: calls that belong to the story}
    pipes: set = field(default_factory=set)  # its pipes for which it waits with poll(): its threads
                                             # wake one another so


@dataclass(eq=False)
class Event:
    """A call, or another thing that a program did or that befell it: one line of the picture."""
    program: Program
    thread: int
    kind: str                 # "start", "call", "signal", "exit"
    start: float
    end: float = None         # None: it never returned
    call: Call = None
    subject: object = None    # the Endpoint or Plain that it was about
    accepted: Endpoint = None
    ready: list = field(default_factory=list)    # poll() and its like: what is ready
    watched: list = field(default_factory=list)  # and what was asked about
    closes: list = field(default_factory=list)   # the Endpoints that are gone for good by this
    what: str = ""            # of a signal or an exit
    last: bool = False        # the program is no more after this
    after: object = None      # the event below which it stands, though it is another thread's
    worker: str = ""          # "thread 2", "process 2": which of the program's, but for the first
    repeated: int = 1         # so many of the same in a row
    row: int = None           # where it begins in the picture
    end_row: int = None       # where it returns

    @property
    def name(self):
        return self.call.name if self.call else ""

    @property
    def ok(self):
        return self.call is not None and self.end is not None and not self.call.error

    @property
    def size(self):
        """Bytes that were sent or received."""
        return self.call.result if self.ok and self.name in SENDING | RECEIVING else 0


def belongs(event):
    """Whether it is part of the conversation."""
    call, subject = event.call, event.subject
    if event.kind != "call":
        return True
    if event.name == "exit_group":  # of a child process too, if it held a socket
        return event.last or bool(event.closes)
    if event.name in WAITING:
        return any(isinstance(thing, Endpoint) or thing.number == 0 for thing in event.watched)
    if isinstance(subject, Endpoint):
        return subject.used and (event.name in ABOUT_SOCKETS or event.name == "socket"
                                 or told_not_to_block(call))
    if event.name == "rename":
        names = [os.path.basename(path).decode(errors="replace") for path in call.arguments]
        return any("rename" in event.program.shown_files.get(name, ()) for name in names)
    if event.name == "socket":  # that there is no such family is worth a line
        return call.error is not None and call.arguments[0] in ("AF_INET", "AF_INET6")
    return isinstance(subject, Plain) and plain_belongs(event)


def plain_belongs(event):
    number = event.subject.number
    if event.subject.path in event.program.pipes:
        return event.name in ("read", "write")
    if number == 0:
        return event.name == "read"
    if number in (1, 2):
        said = event.call.arguments[1] if event.name == "write" else None
        return isinstance(said, bytes) and said and not SERVICE_MESSAGE.match(said)
    return event.name in event.program.shown_files.get(event.subject.name, ())


def told_not_to_block(call):
    return call.name == "fcntl" and "O_NONBLOCK" in str(call.arguments[2:])


def only_looked(event):
    """poll() that waited for nothing and found nothing."""
    return (event.name in WAITING and event.ok and event.call.result == 0
            and event.end - event.start < SHORT)


def buffers(call):
    """What strace shows of the bytes that were sent or received: all, or the beginning."""
    shown = b""
    for part, size in memory(call):
        shown += part
        if len(part) < size:
            break
    return shown


def memory(call):
    """(bytes, their number, of which strace may show less) for each piece of memory."""
    given = call.arguments[1] if len(call.arguments) > 1 else b""
    if isinstance(given, dict):  # sendmsg() and recvmsg()
        given = given.get("msg_iov", [])
    if isinstance(given, list):  # and writev(): several pieces
        return [(entry["iov_base"], entry["iov_len"]) for entry in given
                if isinstance(entry, dict) and isinstance(entry.get("iov_base"), bytes)]
    return [(given, call.arguments[2])] if isinstance(given, bytes) else []
