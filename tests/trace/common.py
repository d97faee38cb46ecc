"""What the tests of tools/ladder share: kept logs of strace, and the events in them."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))

from ladder import picture, reader, text, wires  # noqa: E402
from ladder.events import Program  # noqa: E402
from ladder.names import Names  # noqa: E402


def kept(name):
    """A log of a real program."""
    with open(os.path.join(HERE, "kept", name + ".strace"), encoding="utf-8") as file:
        return file.read()


def lines(*calls, thread=10, first=1.0):
    """A log with these calls, a millisecond each: 'close(3) = 0', or with a time of its own
    (1.5, 'close(3) = 0')."""
    written = []
    for number, call in enumerate(calls):
        time, call = call if isinstance(call, tuple) else (first + number / 1000, call)
        ends = " <0.000010>" if " = " in call and "<unfinished" not in call else ""
        written.append(f"{thread} {time:.6f} {call}{ends}\n")
    return "".join(written)


def events(server="", client="", second=""):
    """The events of a server and of its clients, from their logs."""
    programs = [Program("server", "./server", lane=1, log=server),
                Program("client", "./client", lane=0, log=client),
                Program("client", "./client", lane=2, log=second)]
    return [event for program in programs if program.log for event in reader.read(program)]


def arrows(found, relay=None):
    """[("send", "recv"), ...]: which call's arrow goes to which; None: to no call."""
    return [(arrow.kind, arrow.source.name or arrow.source.what,
             arrow.target.name if arrow.target else None)
            for arrow in wires.match(found, relay) if arrow.kind != "order"]


def drawn(found, columns=80, steps=(), **options):
    """The picture as the terminal shows it, row by row."""
    names = Names({9090: 9090})
    return text.render(picture.draw("a title", found, steps, names), columns,
                       **options).split("\n")[:-1]
