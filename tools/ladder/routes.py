"""Ways through the gap between two lanes, on a grid of letters.

An arrow goes from its rail along its row, then down in a column of its own, its channel, then along
the row where it arrives. Two arrows may cross; they must not run along each other, unless they come
from one call or go to one.
"""


def channels_for(strands, first, last):
    """Each strand with its channel, in a gap with the columns `first` to `last`."""
    middle = (first + last) / 2
    columns = sorted(range(first + 2, last - 1), key=lambda column: abs(column - middle))
    placed = []
    for strand in sorted(strands, key=lambda strand: strand.row):
        near = [(other, taken) for other, taken in placed if other.to_row >= strand.row]

        def fits(column, clash, strand=strand, near=near):
            return not any(clash(Way(strand, column, first, last), Way(other, taken, first, last))
                           for other, taken in near)
        channel = next((column for column in columns if fits(column, clash=overlap)),
                       next((column for column in columns if fits(column, clash=fall_together)),
                            columns[0]))
        placed.append((strand, channel))
    return placed


class Way:
    """The pieces of an arrow's way."""

    def __init__(self, strand, channel, first, last):
        begin, end = (first, last) if strand.lane < strand.to_lane else (last, first)
        self.source, self.target = (strand.lane, strand.row), (strand.to_lane, strand.to_row)
        self.channel = channel
        self.rows = (strand.row, strand.to_row)
        if strand.row == strand.to_row:
            self.along = [(strand.row, first, last)]
        else:
            self.along = [(strand.row, min(begin, channel), max(begin, channel)),
                          (strand.to_row, min(channel, end), max(channel, end))]


def related(one, other):
    return one.source == other.source or one.target == other.target


def fall_together(one, other):
    """Both go down in the same column at the same time."""
    return (not related(one, other) and one.channel == other.channel
            and one.rows[0] <= other.rows[1] and other.rows[0] <= one.rows[1])


def overlap(one, other):
    """Or both go along the same row in the same columns."""
    if related(one, other):
        return False
    return fall_together(one, other) or any(
        row == other_row and begin <= other_end and other_begin <= end
        for row, begin, end in one.along for other_row, other_begin, other_end in other.along)
