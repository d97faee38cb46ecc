"""Reads what `strace -f -ttt -T -yy -o FILE` has written: text in; calls, signals and ends out.

Three things make it more than a line a call. A call during which another thread spoke has two
lines, "<unfinished ...>" and "<... resumed>". A call that a signal has interrupted stands there
twice if the system restarted it (see signal(7)), which the program never sees: it becomes one call
again. And a program is killed, or the trace ends, in the middle of a line.
"""

import math
import re
from dataclasses import dataclass, field

from .values import Descriptor, Values


@dataclass(eq=False)
class Call:
    thread: int
    name: str
    arguments: list = field(default_factory=list)
    start: float = 0.0       # seconds since 1970
    end: float = None        # None: it never returned
    result: int = None       # None: none is known
    error: str = None        # "ECONNREFUSED"
    note: str = ""           # what strace adds to the result, in parentheses


@dataclass(eq=False)
class Signal:
    """A signal reached the program (one that it blocks does not)."""
    thread: int
    name: str
    start: float


@dataclass(eq=False)
class End:
    """A thread is no more: "exited with 0", or "killed by SIGKILL"."""
    thread: int
    how: str
    start: float


def mark(log, places):
    """The bytes of a log as text, with a MARK in each of these places."""
    pieces = [log[first:last] for first, last in zip((0, *places), (*places, len(log)))]
    return MARK.join(piece.decode("utf-8", "replace") for piece in pieces)


def parse(text, steps=()):
    """All Calls, Signals and Ends of a log, in the order in which they began.

    `steps`: moments. The text has a MARK where the log ended at each of them, which says better
    than any clock what was before it: strace measures how long a call took from some time after
    the moment that it writes down as its beginning."""
    records = join_restarted(list(read_lines(text, (0, *steps, float("inf")))))
    end_before_the_next(records)
    return records


MARK = "\f"  # which strace never writes
LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
RESULT = re.compile(r"\s*= (-?\d+|0x[0-9a-f]+|\?)(.*?)(?: <(\d+\.\d+)>)?$")
UNFINISHED = re.compile(r"\s*<unfinished \.\.\.>(\)\s*= \?)?$")  # with ") = ?": killed in it


def read_lines(text, steps):
    """`steps`: from which moment to which one what stands between two marks was written."""
    begun = {}  # thread: its call that has not returned, and the text of it so far
    marks = 0   # before the place in the text
    for line in text.split("\n"):
        first = marks + len(line) - len(line.lstrip(MARK))
        marks += line.count(MARK)
        found = LINE.fullmatch(line.replace(MARK, ""))
        if not found:
            continue
        thread, time, rest = int(found[1]), float(found[2]), found[3]
        time = within(steps, first, time)
        resumed = RESUMED.fullmatch(rest)
        if rest.startswith("--- stopped by "):
            continue
        if rest.startswith("--- "):
            yield Signal(thread, rest.split()[1], time)
        elif rest.startswith("+++ "):
            yield End(thread, rest.strip("+ "), time)
        elif resumed and thread in begun:
            call, beginning = begun.pop(thread)
            finish(call, beginning + resumed[2])
            put_right(call, steps, marks)
        elif not resumed and "(" in rest:
            call = Call(thread, rest.split("(", 1)[0], start=time)
            yield call
            rest, unfinished = UNFINISHED.subn("", rest)
            if unfinished:
                begun[thread] = call, rest
            finish(call, rest)
            put_right(call, steps, marks)


def within(steps, number, time):
    """The time, or, if that is not between this step and the next one, the nearest that is."""
    return min(max(time, steps[number]), math.nextafter(steps[number + 1], 0))


def put_right(call, steps, number):
    if call.end is not None:
        call.end = within(steps, number, call.end)


def finish(call, text):
    """Fills in the call from its whole line; from half a line, as far as that goes."""
    values = Values(text, text.index("(") + 1)
    call.arguments = values.until(")")
    returned = RESULT.match(text, values.position)
    if call.name == "exit_group":  # which does not return; it is done all the same
        call.end = call.start
    if not returned:
        return
    value, more, duration = returned.groups()
    annotation = re.match(r"<.*>(?= \(|$)", more)
    if value != "?":
        call.result = Descriptor(int(value, 0))
        call.result.about = annotation[0][1:-1] if annotation else ""
    error = re.match(r" (E[A-Z0-9_]+)", more)
    call.error = error[1] if error else None
    note = re.search(r"\((.*)\)$", more)
    call.note = note[1] if note else ""
    if duration is not None:
        call.end = call.start + float(duration)


INTERRUPTED = {"ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK"}


def join_restarted(events):
    """What was interrupted goes on in its second line, or has failed, or never returned."""
    joined = []
    open_calls = {}  # thread: its interrupted call
    for event in events:
        thread = event.thread
        before = open_calls.get(thread)
        if isinstance(event, Call) and event.name == "rt_sigreturn":  # the signal's handler is done
            if before and event.error == "EINTR":
                before.error, before.note, before.end = "EINTR", "", event.end
                del open_calls[thread]
            continue
        if before and isinstance(event, Call) and event.name in (before.name, "restart_syscall"):
            resume(before, event)
            del open_calls[thread]
            event = before
        else:
            joined.append(event)
        if isinstance(event, Call) and event.error in INTERRUPTED:
            event.error, event.note, event.end = None, "", None
            open_calls[thread] = event
    return joined


def resume(call, again):
    """`again` is how strace shows the rest of `call`."""
    if again.name == call.name:
        call.arguments = again.arguments
    call.end, call.result = again.end, again.result
    call.error, call.note = again.error, again.note


def end_before_the_next(records):
    """Times are rounded; but a thread's call is over before its next one begins."""
    last = {}
    for record in records:
        if isinstance(record, Call):
            before = last.get(record.thread)
            if before and before.end is not None:
                before.end = min(before.end, record.start)
            last[record.thread] = record
