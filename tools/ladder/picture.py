"""What is to be drawn, before anything is: lanes with a line of text in some of their rows, the
rails beside them, and the arrows between.
"""

from collections import Counter
from dataclasses import dataclass, field

from . import phrases, rows, wires
from .names import Names
from .pieces import Line, Piece

RUNS, WAITS = "runs", "waits"


@dataclass
class Lane:
    title: str
    side: str = "client"                       # whose lane it is
    cells: dict = field(default_factory=dict)  # row: Line
    rail: dict = field(default_factory=dict)   # row: RUNS or WAITS


@dataclass
class Strand:
    """An arrow, from a row of a lane to a row of another."""
    kind: str       # see wires.Arrow
    lane: int
    row: int
    to_lane: int
    to_row: int
    arrives: bool   # somebody received it
    label: str


@dataclass
class Picture:
    title: str
    lanes: list
    strands: list
    rows: int

    def crossed(self):
        """The gaps that arrows cross: N is the one between the lanes N and N + 1."""
        return {min(strand.lane, strand.to_lane) for strand in self.strands}

    def has_rails(self, lane):
        """Whether a lane has a rail on its left, and on its right: where arrows begin and end."""
        crossed = self.crossed()
        left, right = lane - 1 in crossed, lane in crossed
        return (left or (not right and lane > 0)), (right or (not left and lane == 0))


def draw(title, events, steps=(), names=None, relay=None, since=0):
    """`since`: what was over before that moment is not drawn."""
    names = names or Names()
    arrows = wires.match(events, relay)
    events = [event for event in events if event.end is None or event.end >= since]
    steps = [step for step in steps if step > since]
    drawn = set(events)
    arrows = [arrow for arrow in arrows if arrow.source in drawn]
    count = rows.arrange(events, arrows, steps)
    numbers = {lane: place for place, lane in
               enumerate(sorted({event.program.lane for event in events}))}
    lanes = [Lane("") for _ in numbers]
    for program in dict.fromkeys(event.program for event in events):
        lane = lanes[numbers[program.lane]]
        lane.title, lane.side = lane.title or program.name or program.side, program.side
        add_program(lane, [event for event in events if event.program is program], count, names)
    strands = [strand(arrow, numbers) for arrow in arrows
               if arrow.kind != "order" and len(lanes) > 1 and is_placed(arrow)]
    strands.sort(key=lambda one: (one.row, one.lane, one.to_row))  # not as the clock has them
    return Picture(title, lanes, strands, count)


def add_program(lane, events, count, names):
    placed = [event for event in events if event.row is not None]
    used = {row for event in placed for row in (event.row, event.end_row)}
    for event in sorted(placed, key=lambda event: event.start):
        add_lines(lane.cells, event, phrases.phrase(event, names), used)
    first = next((event.row for event in placed if event.kind == "start"), 0)
    last = max((event.row for event in placed if event.last), default=count - 1)
    lane.rail.update(rail_of(placed, first, last))


def rail_of(events, first, last):
    """{row: whether a program RUNS or WAITS}: it waits when all its threads do, each from the row
    of a call to that of its return."""
    threads = {}         # thread: its first and last row
    waiting = Counter()  # row: how many threads wait
    for event in events:
        end = last + 1 if event.end_row is None else event.end_row
        begin, before = threads.get(event.thread, (event.row, 0))
        threads[event.thread] = min(begin, event.row), max(before, end)
        waiting.update(range(event.row, end))
    alive = Counter(row for begin, end in threads.values() for row in range(begin, end + 1))
    return {row: WAITS if alive[row] and waiting[row] >= alive[row] else RUNS
            for row in range(first, last + 1)}


def add_lines(cells, event, line, used):
    """The event on one row; or its beginning on one, and on a later one what it returned, or all of
    it again if another thread spoke between them."""
    silent = rows.is_typing(event)
    if event.row == event.end_row:
        cells[event.row] = line
        return
    if not silent:
        cells[event.row] = Line(line.head, [Piece(" …", "dim")] if event.end is None else [])
    if event.end_row is not None:
        tail = line.tail or [Piece(" = 0")]
        interrupted = any(row in used for row in range(event.row + 1, event.end_row))
        whole = interrupted or silent
        cells[event.end_row] = Line(line.head, tail) if whole else Line([Piece(" "), *tail])


def is_placed(arrow):
    return arrow.source.row is not None and (arrow.target is None or arrow.target.row is not None)


def strand(arrow, numbers):
    source, target = arrow.source, arrow.target
    row = source.row
    to = target.program if target else arrow.to
    to_row = row if target is None else row if target.end_row is None else target.end_row
    lane = numbers[source.program.lane]
    to_lane = numbers[to.lane] if to else (lane + 1 if lane + 1 < len(numbers) else lane - 1)
    return Strand(arrow.kind, lane, row, to_lane, to_row, target is not None, arrow.label)
