"""Which call received what another one sent over UDP.

Each datagram is received as it was sent, or not at all, or twice.
"""

from collections import defaultdict

from .arrows import Arrow
from .events import RECEIVING, SENDING, buffers
from .names import address_of


def match(events, relay):
    sent, received = defaultdict(list), defaultdict(list)  # by (port from, port to)
    owners = {}                                            # port: whose it is
    for event in events:
        if not event.ok or getattr(event.subject, "protocol", "") != "UDP":
            continue
        here = port_of(event.subject.local, relay)
        owners[here] = event.program
        if event.name in SENDING:
            sent[here, port_of(other_side(event), relay)].append(event)
        elif event.name in RECEIVING:
            received[port_of(other_side(event), relay), here].append(event)
    arrows = []
    for way, sources in sent.items():
        if 0 in way:  # strace could not tell the port
            continue
        targets = received[way]
        order = relay.deliveries(way) if relay else in_order(sources, targets)
        arrows += deliver(sources, targets, order, owners.get(way[1]))
    return arrows


def other_side(event):
    """Where a datagram goes, or whom it is from."""
    given = event.call.arguments
    address = address_of(given[4]) if event.name in ("sendto", "recvfrom") else None
    return address or event.subject.peer


def port_of(address, relay):
    """All is on one machine, so the port says who it is. Behind a relay's port is somebody."""
    port = address[1] if address else 0
    return relay.behind(port) if relay else port


def in_order(sources, targets):
    """Which of the sources arrived, one after another: those that look like what was received."""
    order = []
    rest = iter(range(len(sources)))
    for target in targets:
        order += next(([number] for number in rest if same(sources[number], target)), [])
    return order


def same(source, target):
    """Whether this may be that datagram; only as much is received as there was room for."""
    return target.size <= source.size and buffers(source.call)[:target.size] == buffers(target.call)


def deliver(sources, targets, order, to):
    """Arrows for the datagrams of one way. `order`: the numbers of those that arrived."""
    arrows = []
    for place, number in enumerate(order):
        target = targets[place] if place < len(targets) else None
        again = "×2" if number in order[:place] else ""
        arrows.append(Arrow("data", sources[number], target, to, again))
    arrows += [Arrow("lost", source, None, to, "lost")
               for number, source in enumerate(sources) if number not in order]
    return arrows
