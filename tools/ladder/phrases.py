"""How an event reads in the picture: as a line of code would say it.

  recv(4, 1024) = 6 "hello\\n"
"""

import struct

from .descriptors import Plain
from .events import RECEIVING, SENDING, WAITING, buffers, memory
from .names import address_of, canonical
from .pieces import Line, Payload, Piece, units_of
from .reader import watched_by

NO_RESULT = {"bind", "listen", "close", "shutdown", "setsockopt", "fcntl", "rename", "fsync",
             "fdatasync"}  # they return 0 unless they fail
DULL_FLAGS = {"SOCK_CLOEXEC", "MSG_NOSIGNAL", "O_CLOEXEC", "O_CREAT", "O_NOFOLLOW", "0"}


def phrase(event, names):
    if event.kind == "start":
        first, *words = event.program.command.split(" ")
        return Line([Piece(first, "title"), *(Piece(" " + word, "title") for word in words)])
    if event.kind == "signal":
        return Line([Piece(event.what, "error")])
    if event.kind == "exit":
        return Line([Piece(event.what, "error")])
    name = "plain" if isinstance(event.subject, Plain) or event.name == "rename" else "name"
    head = [Piece(event.worker + ": ", "dim")] if event.worker else []
    head += [Piece(called_name(event), name), Piece("(")]
    for number, argument in enumerate(arguments(event, names)):
        if number:
            head.append(Piece(", "))
        head.append(argument if isinstance(argument, (Piece, Payload)) else Piece(str(argument)))
    head.append(Piece(")"))
    return Line(head, result(event, names))


def called_name(event):
    """What the program is likely to have called: the C library has one system call for several."""
    call = event.call
    if call.name in ("sendto", "recvfrom") and len(call.arguments) > 4:
        return call.name if address_of(call.arguments[4]) else call.name[:4]
    if call.name == "accept4" and "SOCK_NONBLOCK" not in str(call.arguments[3:]):
        return "accept"
    return {"exit_group": "exit", "pselect6": "select", "ppoll": "poll", "openat": "open",
            "epoll_pwait": "epoll_wait", "epoll_pwait2": "epoll_wait"}.get(call.name, call.name)


def arguments(event, names):
    call = event.call
    given = call.arguments
    first = [int(given[0])] if given and isinstance(given[0], int) else []
    if event.name in SENDING:
        return first + sent(event, names) + flags(given[3:4] if "send" in event.name else [], call)
    if event.name in RECEIVING:
        return first + room(event) + flags(given[3:4] if "recv" in event.name else [], call)
    if event.name in WAITING:
        return waited_for(event)
    if event.name in ("bind", "connect"):
        address = address_of(given[1])
        return first + [names.address(address) if address else "?"]
    if event.name in ("setsockopt", "getsockopt"):
        return first + [str(given[2]).removesuffix("_OLD"), option(given[2], given[3])]
    if event.name == "openat":
        return [quoted(given[1], names)] + flags(given[2:3])
    if event.name == "rename":
        return [quoted(path, names) for path in given]
    if event.name == "socket":
        return [given[0], *flags([given[1]])]
    if event.name == "fcntl":
        return first + ["F_SETFL", "O_NONBLOCK"]
    if event.name in ("listen", "shutdown"):
        return first + [given[1]]
    if event.name == "accept4":
        return first + flags(given[3:4])
    return first


def sent(event, names):
    """The data, and how much it was if not all of it went out."""
    whole = sum(size for _, size in memory(event.call))
    pieces = [quoted(buffers(event.call), names, whole)]
    if event.size != whole:
        pieces.append(whole)
    address = address_of(event.call.arguments[4]) if event.name == "sendto" else None
    return pieces + ([names.address(canonical(address))] if address else [])


def room(event):
    """How many bytes there was room for."""
    given = event.call.arguments
    return [given[2]] if len(given) > 2 and event.name in ("read", "recv", "recvfrom") else []


def flags(given, call=None):
    """The flags that say something. Not to wait does where there was nothing to be had."""
    words = [word for flag in given for word in str(flag).split("|") if word not in DULL_FLAGS
             and (word != "MSG_DONTWAIT" or call and call.error)]
    return ["|".join(words)] if words else []


def option(name, value):
    """The value of a socket's option."""
    if "TIMEO" in str(name) and isinstance(value, bytes) and len(value) == 16:
        seconds, microseconds = struct.unpack("qq", value)
        return f"{seconds + microseconds / 1e6:g} s"
    if isinstance(value, dict):
        return "{" + ", ".join(str(member) for member in value.values()) + "}"
    return value[0] if isinstance(value, list) and len(value) == 1 else str(value)


def waited_for(event):
    call = event.call
    if "epoll" in call.name:
        return [int(call.arguments[0])]
    descriptors = [str(int(descriptor)) for descriptor in watched_by(call)]
    if len(descriptors) > 8:
        descriptors = descriptors[:7] + ["…"]
    return ("[" + " ".join(descriptors) + "]").split(" ")


def result(event, names):
    call = event.call
    if event.end is None:
        return []
    times = [Piece(f"  × {event.repeated}", "dim")] if event.repeated > 1 else []
    if call.error:
        return [Piece(" = "), Piece(call.error, "error"), *times]
    if call.result is None or event.name in NO_RESULT:
        return times
    tail = [Piece(" = "), Piece(str(int(call.result)))]
    if event.name in RECEIVING and call.result:
        tail = [Piece(f" = {int(call.result)} "),
                quoted(buffers(call)[:call.result], names, call.result)]
        tail += sender(call, names)
    elif event.accepted and event.accepted.peer:
        tail += [Piece(", "), Piece(names.address(event.accepted.peer))]
    elif event.name in WAITING and not event.ready:
        tail.append(Piece(f"  after {event.end - event.start:.1f} s", "dim"))
    elif event.ready:
        what = ", ".join(f"{int(descriptor)} {events}" for _, descriptor, events in event.ready)
        tail.append(Piece(": " + what))
    return tail + times


def sender(call, names):
    address = address_of(call.arguments[4]) if call.name == "recvfrom" else None
    return [Piece(" from " + names.address(canonical(address)))] if address else []


def quoted(data, names, size=None):
    """The Payload of data of which strace shows at least the beginning."""
    whole = size is None or len(data) >= size
    return Payload(units_of(names.data(data)), whole)
