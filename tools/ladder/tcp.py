"""Which call received what another one sent over TCP.

A connection carries a stream of bytes in each direction, so a byte's place in it says who sent it
and who received it: one send may be met by two receives, and one receive by two sends.
"""

from dataclasses import dataclass

from .arrows import Arrow
from .events import RECEIVING, SENDING, Program
from .names import canonical


@dataclass(eq=False)
class End:
    """One end of a TCP connection: what happened on it, in order."""
    program: Program
    endpoint: object
    opened: object        # its connect() or accept()
    events: list
    other: object = None


def match(events):
    arrows = []
    for end in pair(tcp_ends(events)):
        if end.other:
            if end.opened.name == "connect":
                arrows.append(Arrow("connect", end.opened, end.other.opened, end.other.program,
                                    "SYN"))
            arrows += data(end) + closing(end)
    return arrows + refused(events) + listening(events)


def listening(events):
    """Nobody connects before somebody listens."""
    listens = [event for event in events if event.name == "listen" and event.ok and event.subject]
    connects = [event for event in events if event.name == "connect" and event.ok]
    return [Arrow("order", listen, connect, connect.program)
            for connect in connects for listen in listens if listen.subject.local
            and listen.start < connect.end and listen.subject.local[1] == connect.subject.peer[1]]


def refused(events):
    servers = [event.program for event in events if event.program.side == "server"]
    return [Arrow("refused", event, None, servers[0] if servers else None, "SYN")
            for event in events if event.name == "connect" and event.call.error == "ECONNREFUSED"]


def tcp_ends(events):
    ends = {}
    for event in events:
        if event.accepted:
            ends[event.accepted] = End(event.program, event.accepted, event, [])
        elif event.name == "connect" and event.subject and event.subject.protocol == "TCP":
            if event.ok or event.call.error == "EINPROGRESS" or event.end is None:
                ends[event.subject] = End(event.program, event.subject, event, [])
    for event in events:
        things = {event.subject, *event.closes}
        for thing in things & ends.keys():
            ends[thing].events.append(event)
    return list(ends.values())


def pair(ends):
    """Joins each client's end to a server's: by the addresses, or where they are not known (the
    connection was gone before strace could look) in the order of time."""
    clients = [end for end in ends if end.opened.name == "connect"]
    servers = [end for end in ends if end.opened.name != "connect"]
    for knows_all in (True, False):
        for client in clients:
            fitting = [server for server in servers if not server.other and not client.other
                       and same_connection(client.endpoint, server.endpoint, knows_all)]
            if fitting:
                client.other, fitting[0].other = fitting[0], client
    return ends


def same_connection(client, server, knows_all):
    local, peer = canonical(client.local), canonical(server.peer)
    if local and peer:
        return local == peer
    return not knows_all and (not server.local or server.local[1] == client.peer[1])


def data(end):
    """Arrows for the bytes that this end sent, to those who received them."""
    arrows = []
    sends = spans(end.events, SENDING)
    receives = spans(end.other.events, RECEIVING)
    for first, last, event in sends:
        met = [target for start, stop, target in receives if start < last and first < stop]
        read = min(last, receives[-1][1] if receives else 0)
        arrows += [Arrow("data", event, target, end.other.program) for target in met]
        if read < last and not met:
            arrows.append(Arrow("data", event, None, end.other.program))
    return arrows


def spans(events, names):
    """(first byte, behind the last, event), as places in the stream."""
    found, place = [], 0
    for event in events:
        if event.name in names and event.size and "MSG_PEEK" not in str(event.call.arguments):
            found.append((place, place + event.size, event))
            place += event.size
    return found


def closing(end):
    """Arrows for how this end closed: in good order (FIN), or with bytes left unread (RST)."""
    for event in end.events:
        if event.name == "shutdown" and event.ok and event.call.arguments[1] != "SHUT_RD":
            arrow = Arrow("end", event, notices_end(end.other), end.other.program, "FIN")
            return [arrow] + resets(end)
        if end.endpoint in event.closes:
            if notices_reset(end):  # there is no connection any more to close
                return []
            if is_reset(end, event):
                return [Arrow("reset", event, notices_reset(end.other), end.other.program, "RST")]
            arrow = Arrow("end", event, notices_end(end.other), end.other.program, "FIN")
            return [arrow] + resets(end)
    return []


def is_reset(end, close):
    """Whether the close throws the connection away: asked for by SO_LINGER, or because there
    was something to read and nobody has read it."""
    for event in end.events:
        if event.name == "setsockopt" and event.call.arguments[2] == "SO_LINGER":
            value = event.call.arguments[3]
            if isinstance(value, dict) and list(value.values()) == [1, 0]:
                return True
    sent = sum(event.size for _, _, event in spans(end.other.events, SENDING)
               if event.end is not None and event.end < close.start)
    received = sum(event.size for _, _, event in spans(end.events, RECEIVING))
    return sent > received


def resets(end):
    """The answer to bytes that come when this end is closed already is a RST."""
    closed = next((event for event in end.events if end.endpoint in event.closes), None)
    target = notices_reset(end.other)
    late = [event for _, _, event in spans(end.other.events, SENDING)
            if closed and event.start > closed.start]
    if not (late and target):
        return []
    return [Arrow("reset", late[0], target, end.other.program, "RST")]


def notices_end(end):
    """The call that finds the stream at its end."""
    return next((event for event in end.events if event.name in RECEIVING and event.ok
                 and event.call.result == 0 and asked_for_some(event)), None)


def asked_for_some(event):
    return event.call.arguments[2:3] != [0]


def notices_reset(end):
    return next((event for event in end.events
                 if event.call and event.call.error in ("ECONNRESET", "EPIPE")), None)
