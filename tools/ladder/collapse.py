"""Makes one event of what a program does over and over, or bit by bit."""

from .events import WAITING
from .strace import Call

MANY = 3  # lines on standard error; more are a traceback, and one will do


def collapse(events):
    kept = []
    last = {}  # thread: its event before
    for event in events:
        before = last.get(event.thread)
        if before and is_same_wait(before, event):
            event.start = before.start
            kept.remove(before)
        elif before and is_repetition(before, event):
            before.repeated += 1
            before.end = event.end
            continue
        elif before and is_rest_of_line(before, event):
            join(before, event)
            continue
        last[event.thread] = event
        kept.append(event)
    return join_complaints(kept)


def is_same_wait(before, event):
    """It waited, in vain, and so waits again for the same."""
    return (before.name in WAITING and event.name in WAITING and before.ok
            and before.call.result == 0 and set(before.watched) == set(event.watched))


def is_repetition(before, event):
    """It tried, in vain, and so tries the same again."""
    return (before.name == event.name and before.end is not None and event.call is not None
            and event.call.error is not None and before.call.error == event.call.error
            and before.call.arguments == event.call.arguments)


def is_rest_of_line(before, event):
    """It writes a line in several pieces."""
    return both_write(before, event) and not before.call.arguments[1].endswith(b"\n")


def both_write(before, event):
    """To the same standard stream."""
    number = getattr(event.subject, "number", None)
    return (number in (1, 2) and before.subject is event.subject and before.ok and event.ok
            and before.name == event.name == "write")


def join(before, event):
    """The second write() becomes a part of the first."""
    size = before.size + event.size
    data = before.call.arguments[1]
    if len(data) == before.size:  # strace shows all of it
        data += event.call.arguments[1]
    before.call = Call(before.thread, "write", [before.call.arguments[0], data, size],
                       before.call.start, event.call.end, size)
    before.end = event.end
    before.repeated += event.repeated


def join_complaints(events):
    """Many lines in a row on standard error."""
    runs = []
    for event in events:
        if runs and event.thread == runs[-1][-1].thread and both_write(runs[-1][-1], event):
            runs[-1].append(event)
        else:
            runs.append([event])
    kept = []
    for run in runs:
        if len(run) > MANY and run[0].subject.number == 2:
            for event in run[1:]:
                join(run[0], event)
            run = run[:1]
        kept += run
    return kept
