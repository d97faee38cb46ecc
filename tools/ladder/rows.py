"""Gives each event its row in the picture.

Time runs down, but only as far as it matters: in a row stands what could happen at once. An event
comes below what its thread did before, and not above what it answers to; so the same conversation
gives the same picture, however the two processes were scheduled. What takes its time is in the
order of the clock: a person who types (see `steps`), a timer (see SLOW).
"""

from collections import defaultdict

from .events import WAITING

SLOW = 0.1  # seconds; a timer that rings only then is put in its place by the clock
CLOSE = 0.02  # seconds; what is nearer to each other than this may be in either order


def arrange(events, arrows, steps=()):
    """Sets `row` and `end_row` of all events; the number of rows.

    `steps`: moments at which all programs were waiting, and somebody then did something."""
    return Arrangement(events, arrows, steps).run()


class Arrangement:
    def __init__(self, events, arrows, steps):
        self.steps = sorted(steps)
        self.needs = defaultdict(list)  # event: those which must have begun before it can return
        self.sends = defaultdict(set)   # event: the programs to which an arrow goes from it
        self.unmet = defaultdict(set)   # event: those to which one goes that no call takes
        self.after = defaultdict(list)  # event: those below which it stands, come what may
        self.threads = defaultdict(list)
        self.here = []                  # the events of the row that is being filled
        self.last_row = {}              # lane: its lowest row with an event
        for event in sorted(events, key=lambda event: event.start):
            self.threads[event.program, event.thread].append(event)
        # Signals are in negative threads: they come when they come.
        self.order = sorted(self.threads, key=lambda key: (key[0].lane, key[1] >= 0,
                                                           self.threads[key][0].start))
        self.next = dict.fromkeys(self.order, 0)
        self.find_reasons(set(events), arrows)

    def find_reasons(self, events, arrows):
        """What has to be before what."""
        for arrow in arrows:
            self.sends[arrow.source].add(arrow.to)
            if arrow.target:
                self.needs[arrow.target].append(arrow.source)
            else:
                self.unmet[arrow.source].add(arrow.to)
        for event in events:
            if event.after in events:
                self.after[event].append(event.after)
        for own in self.threads.values():
            self.wait_for_what_is_ready(own)
        for own in self.threads.values():
            self.wait_for_the_clock(own)
        for (program, thread), own in self.threads.items():
            if thread > min(other for one, other in self.threads if one is program and other >= 0):
                self.follow(program, own)

    def wait_for_what_is_ready(self, own):
        """poll() returns for the same reason for which the call after it then succeeds."""
        later = {}  # a socket: the next call that is about it
        for event in reversed(own):
            for thing, _, what in event.ready:
                if what not in ("POLLOUT", "out"):
                    self.needs[event] += self.needs.get(later.get(thing), [])
            later[event.subject] = event

    def wait_for_the_clock(self, own):
        """A timer rings below all that was before it."""
        for event in own:
            if is_timeout(event) and event.end - event.start >= SLOW:
                self.needs[event] += self.others_between(own, event.start, event.end)

    def follow(self, program, own):
        """What wakes a second thread is in memory, where no call shows it: it stands below what
        its program had done by then."""
        for event in own:
            for (other, _), events in self.threads.items():
                if other is program and events is not own:
                    done = [one for one in events if one.end is not None and one.end < event.start]
                    self.after[event] += done[-1:]

    def others_between(self, own, first, last):
        """Of each other thread the last event that ended clearly within this time."""
        found = []
        for others in self.threads.values():
            within = [other for other in others if other.end is not None
                      and first < other.end < last - CLOSE]
            found += within[-1:] if others is not own else []
        return found

    def run(self):
        row = 0
        for step in range(len(self.steps) + 1):
            while self.fill(row, step) or self.fill(row + 1, step) or self.unlock(row, step):
                row = max(self.last_row.values()) + 1
        return row

    def step_of(self, moment):
        return sum(1 for step in self.steps if step <= moment)

    def fill(self, row, step):
        """Places all that can stand in this row. False if there is nothing."""
        taken, self.here = set(), []
        while self.fill_with(self.returns, row, step, taken):
            pass
        self.fill_with(self.begins, row, step, taken)
        return bool(taken)

    def fill_with(self, act, row, step, taken):
        before = len(taken)
        for key in self.order:
            lane = key[0].lane
            if lane not in taken and self.next[key] < len(self.threads[key]):
                event = self.threads[key][self.next[key]]
                if act(key, event, row, step):
                    taken.add(lane)
                    self.here.append(event)
                    self.last_row[lane] = row
        return len(taken) > before

    def returns(self, key, event, row, step):
        """The call is done in this row, and may have begun in it."""
        if event.end is None or self.step_of(event.end) > step or not self.can_return(event, row):
            return False
        event.row = row if event.row is None else event.row
        event.end_row = row
        self.next[key] += 1
        return True

    def can_return(self, event, row):
        if event.kind == "start" and row <= self.last_row.get(event.program.lane, -2) + 1:
            return False  # there is an empty row between a program and the next one in its lane
        if any(self.meet(event, other) for other in self.here):
            return False
        if not self.may_begin(event, row):
            return False
        if is_timeout(event) and (event.row is None or row < event.row + 2):
            return False
        return self.is_answered(event, row)

    def may_begin(self, event, row):
        if event.kind == "exit" and not self.all_is_done(event.program):
            return False
        above = [other.row if other.end is None else other.end_row
                 for other in self.after[event]]
        return all(place is not None and place < row for place in above)

    def all_is_done(self, program):
        """Nothing more returns in any thread of the program, unless to be told that it is over."""
        rest = [own[self.next[key]:] for key, own in self.threads.items() if key[0] is program]
        return not any(event.end is not None and event.kind != "exit"
                       for events in rest for event in events)

    def is_answered(self, event, row):
        """Whether all that it waits for has begun."""
        return all(need.row is not None and
                   (need.row < row or need.program.lane != event.program.lane)
                   for need in self.needs[event])

    def meet(self, one, other):
        """Whether their arrows would meet in one row: each sends to the other's program, or what
        one sends, and nobody takes, goes the whole way to where something arrives."""
        if one.program in self.sends[other] and other.program in self.sends[one]:
            return True
        return self.runs_into(one, other) or self.runs_into(other, one)

    def runs_into(self, one, other):
        return other.program in self.unmet[one] and any(
            need.program is one.program for need in self.needs.get(other, ()))

    def begins(self, key, event, row, step):
        """The call begins in this row and waits."""
        if event.row is not None or self.step_of(event.start) > step:
            return False
        if not self.may_begin(event, row):
            return False
        if not self.waits(event, row, step):  # there is only no place for it in this row
            return False
        event.row = row
        return True

    def waits(self, event, row, step):
        return (event.end is None or self.step_of(event.end) > step or is_timeout(event)
                or not self.is_answered(event, row))

    def unlock(self, row, step):
        """A circle of needs, which only a mistake in matching can make, stops no drawing."""
        stuck = [self.threads[key][self.next[key]] for key in self.order
                 if self.next[key] < len(self.threads[key])]
        stuck = [event for event in stuck if event.end is not None
                 and self.step_of(event.end) <= step and not self.can_return(event, row)]
        if not stuck:
            return False
        first = min(stuck, key=lambda event: event.end)
        self.needs[first], self.after[first] = [], []
        return self.fill(row, step)


def is_typing(event):
    """The program waits for somebody to type."""
    return event.name == "read" and getattr(event.subject, "number", None) == 0


def is_timeout(event):
    """It waited for so long, and for nothing else."""
    return event.name in WAITING and event.ok and event.call.result == 0
