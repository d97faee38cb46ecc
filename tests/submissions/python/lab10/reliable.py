"""One direction of a conversation in which nothing is lost, doubled or out of order."""

import collections
import math

MAX_AHEAD = 64  # of the number that is awaited
MAX_IN_FLIGHT = 8
MAX_UNACKNOWLEDGED = 1000
FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.2, 2.0, 30.0  # seconds


class Entry:
    def __init__(self, message):
        self.message = message
        self.is_acknowledged = False
        self.due = -math.inf
        self.pause = FIRST_PAUSE


class Outgoing:
    def __init__(self):
        self.first = 1  # the number of entries[0]
        self.entries = collections.deque()
        self.progress = None  # when an acknowledgement came, or was first waited for

    def push(self, message):
        self.entries.append(Entry(message))

    def in_flight(self):
        return [entry for _, entry in zip(range(MAX_IN_FLIGHT), self.entries)
                if not entry.is_acknowledged]

    def due(self, now):
        """(number, message) of all that is to be sent now, the first time or again."""
        if self.entries and self.progress is None:
            self.progress = now
        for offset, entry in zip(range(MAX_IN_FLIGHT), self.entries):
            if not entry.is_acknowledged and entry.due <= now:
                entry.due = now + entry.pause
                entry.pause = min(2 * entry.pause, LONGEST_PAUSE)
                yield self.first + offset, entry.message

    def next_due(self):
        return min((entry.due for entry in self.in_flight()), default=math.inf)

    def acknowledge(self, number, now):
        if not 0 <= number - self.first < min(MAX_IN_FLIGHT, len(self.entries)):
            return
        self.entries[number - self.first].is_acknowledged = True
        while self.entries and self.entries[0].is_acknowledged:
            self.entries.popleft()
            self.first += 1
        self.progress = now if self.entries else None

    def is_hopeless(self, now):
        return (len(self.entries) > MAX_UNACKNOWLEDGED
                or (self.progress is not None and now > self.progress + PATIENCE))

    def begin_anew(self):
        """Numbers from 1 again what has not been acknowledged."""
        messages = [entry.message for entry in self.entries if not entry.is_acknowledged]
        self.__init__()
        for message in messages:
            self.push(message)


class Incoming:
    def __init__(self):
        self.awaited = 1
        self.early = {}

    def take(self, number, message):
        """What can be passed on now, in order; None if this is too early to be kept."""
        if number - self.awaited > MAX_AHEAD:
            return None
        if number >= self.awaited:
            self.early.setdefault(number, message)
        ready = []
        while self.awaited in self.early:
            ready.append(self.early.pop(self.awaited))
            self.awaited += 1
        return ready
