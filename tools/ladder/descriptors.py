"""What the descriptors of a program stand for, at each moment of its life.

A descriptor is a number; what it stands for changes with open and close, is shared by threads, and
is copied to a child process.
"""

import os

from .names import addresses_about


class Endpoint:
    """A socket of the internet."""

    def __init__(self, protocol):
        self.protocol = protocol  # "TCP" or "UDP"
        self.local = None         # (host, port), once it is known
        self.peer = None
        self.holders = 0          # how many descriptors stand for it
        self.used = protocol == "TCP"  # getaddrinfo() opens UDP sockets to try out routes

    def learn(self, about):
        local, peer = addresses_about(about)
        self.local, self.peer = local or self.local, peer or self.peer


class Plain:
    """Something else: a standard stream (0, 1, 2), a file, a pipe, an epoll."""

    def __init__(self, number=None, path=""):
        self.number = number
        self.path = path
        self.name = os.path.basename(path)
        self.watched = {}  # an epoll's: {descriptor: what it stands for}
        self.holders = 0


class Table:
    """The descriptors of a process."""

    def __init__(self, objects):
        self.objects = {}
        self.threads = 0
        for descriptor, thing in objects.items():
            self.put(descriptor, thing)

    def copy(self):
        return Table(self.objects)

    def put(self, descriptor, thing):
        self.take(descriptor)
        thing.holders += 1
        self.objects[int(descriptor)] = thing

    def take(self, descriptor):
        """Closes it; what it stood for, whose `holders` says whether any other is left."""
        thing = self.objects.pop(int(descriptor), None)
        if thing:
            thing.holders -= 1
        return thing

    def find(self, descriptor):
        """What it stands for. One that was there before the log began is told by its annotation."""
        thing = self.objects.get(int(descriptor))
        if thing is None and descriptor.about:
            protocol = descriptor.about[:3]
            internet = protocol in ("TCP", "UDP")
            thing = Endpoint(protocol) if internet else Plain(path=descriptor.about)
            self.put(descriptor, thing)
        if isinstance(thing, Endpoint):
            thing.learn(descriptor.about)
        return thing


def table_of_a_new_program():
    return Table({number: Plain(number) for number in range(3)})
