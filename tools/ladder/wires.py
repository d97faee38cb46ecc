"""What crossed the wire: which call of one program met which of another."""

from . import tcp, udp
from .arrows import Arrow


def match(events, relay=None):
    """All arrows between the events of all programs, in the order in which they were sent."""
    arrows = tcp.match(events) + udp.match(events, relay) + wakes(events)
    return sorted(arrows, key=lambda arrow: arrow.source.start)


def wakes(events):
    """A thread writes to a pipe for which another one of its program waits."""
    through = [event for event in events if getattr(event.subject, "path", "")
               in event.program.pipes and event.ok]
    arrows = []
    for event in through:
        if event.name == "read":
            before = [other for other in through if other.name == "write"
                      and other.subject.path == event.subject.path and other.start < event.end]
            arrows += [Arrow("order", other, event, event.program) for other in before[-1:]]
    return arrows
