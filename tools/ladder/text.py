"""Draws a Picture for a terminal."""

from dataclasses import dataclass

from .layout import fit
from .picture import WAITS
from .pieces import width
from .routes import channels_for

COLOURS = {"name": "1", "data": "32", "error": "1;31", "dim": "2", "title": "1;36",
           "connect": "35", "end": "33", "reset": "31", "refused": "31", "lost": "31",
           "waits": "2"}
LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
BOX = {LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─", UP: "│", DOWN: "│", UP | DOWN: "│",
       LEFT | DOWN: "╮", LEFT | UP: "╯", RIGHT | DOWN: "╭", RIGHT | UP: "╰",
       LEFT | RIGHT | DOWN: "┬", LEFT | RIGHT | UP: "┴", LEFT | UP | DOWN: "┤",
       RIGHT | UP | DOWN: "├", LEFT | RIGHT | UP | DOWN: "┼"}
ASCII = str.maketrans({**dict.fromkeys("─", "-"), **dict.fromkeys("│┃", "|"), "┊": ":",
                       **dict.fromkeys("╮╯╭╰┬┴┤├┼", "+"), "▶": ">", "▷": ">", "◀": "<", "◁": "<",
                       "✗": "x", "…": "~", "×": "x"})


def render(picture, columns=80, colour=False, ascii_only=False):
    """The picture as text, each row at most `columns` wide."""
    text = "".join(Sheet(picture, columns, ascii_only).lines(colour))
    if ascii_only:
        text = text.translate(ASCII)
        text = "".join(letter if letter < "\x7f" else "?" for letter in text)
    return text


@dataclass
class Field:
    """Where a lane stands on the sheet."""
    start: int        # of its text
    room: int         # columns of its text
    rails: list       # columns of its rails, left and right; None: there is none


class Sheet:
    """Columns and rows of letters."""

    def __init__(self, picture, columns, ascii_only=False):
        self.picture, self.ascii_only = picture, ascii_only
        self.fields = fields(picture, columns)
        self.letters = []   # for each row {column: (letter, style)}
        self.lines_of = {}  # row of the picture: its row here
        self.bits = {}      # (row, column): directions of lines, style
        self.heads = {}     # (row, column): an arrow's head or label
        self.draw_rows()
        self.draw_strands()

    # ---- Text and rails

    def draw_rows(self):
        self.draw_titles()
        for row in range(self.picture.rows):
            texts = [self.text_of(lane.cells[row], field) if row in lane.cells else []
                     for lane, field in zip(self.picture.lanes, self.fields)]
            self.lines_of[row] = len(self.letters)
            for number in range(max(map(len, texts), default=1) or 1):
                self.letters.append({})
                for lane, field, lines in zip(self.picture.lanes, self.fields, texts):
                    if number < len(lines):
                        self.write(field.start, lines[number])
                    self.draw_rails(lane, field, row)

    def text_of(self, line, field):
        return fit(line.in_ascii() if self.ascii_only else line, field.room)

    def draw_titles(self):
        self.letters.append({})
        for lane, field in zip(self.picture.lanes, self.fields):
            self.put(field.start, lane.title, "name")

    def write(self, column, pieces):
        for piece in pieces:
            column = self.put(column, piece.text(), piece.style)

    def put(self, column, text, style):
        for letter in text:
            wide = width(letter)
            if wide == 0 and (column - 1) in self.letters[-1]:  # joins the letter before
                before, _ = self.letters[-1][column - 1]
                self.letters[-1][column - 1] = before + letter, style
                continue
            self.letters[-1][column] = letter, style
            if wide == 2:
                self.letters[-1][column + 1] = "", style
            column += wide
        return column

    def draw_rails(self, lane, field, row):
        state = lane.rail.get(row)
        for column in field.rails:
            if state and column is not None:
                waits = state == WAITS
                self.letters[-1][column] = ("┊", "waits") if waits else ("┃", "plain")

    # ---- Arrows

    def draw_strands(self):
        for left in self.picture.crossed():
            first, last = self.fields[left].rails[1] + 1, self.fields[left + 1].rails[0] - 1
            here = [strand for strand in self.picture.strands
                    if {strand.lane, strand.to_lane} == {left, left + 1}]
            for strand, channel in channels_for(here, first, last):
                self.draw_strand(strand, channel, first, last)
        for (row, column), (bits, style) in self.bits.items():
            self.letters[row][column] = BOX[bits], style
        for (row, column), letter in self.heads.items():
            self.letters[row][column] = letter

    def draw_strand(self, strand, channel, first, last):
        rightward = strand.lane < strand.to_lane
        begin, end = (first, last) if rightward else (last, first)
        row, to_row = self.lines_of[strand.row], self.lines_of[strand.to_row]
        if not strand.arrives and strand.kind in ("lost", "refused"):
            end = (first + last) // 2 + (1 if rightward else 0)
        if row == to_row:
            self.line(row, begin, end, strand.kind)
        else:
            self.line(row, begin, channel, strand.kind)
            self.fall(row, to_row, channel, strand.kind)
            self.line(to_row, channel, end, strand.kind)
        self.head(strand, to_row, end, rightward)
        if strand.kind == "connect":
            self.heads[row, begin] = ("◀" if rightward else "▶"), strand.kind
        self.label(strand, begin, channel, end)

    def head(self, strand, row, column, rightward):
        if not strand.arrives and strand.kind in ("lost", "refused"):
            letter = "✗"
        elif strand.arrives:
            letter = "▶" if rightward else "◀"
        else:  # it is there, but no call of the program takes it
            letter = "▷" if rightward else "◁"
        self.heads[row, column] = letter, strand.kind

    def label(self, strand, begin, channel, end):
        """In the middle of an arrow that stays in its row; else where it begins, or, if it is about
        the one that came, where it ends."""
        row, size = self.lines_of[strand.row], len(strand.label)
        if strand.row == strand.to_row:
            start = (begin + end - size + 1) // 2
        elif strand.kind == "data":
            row, start = self.lines_of[strand.to_row], (channel + end - size + 1) // 2
        else:
            start = begin + 1 if begin < channel else begin - size
        for place, letter in enumerate(strand.label):
            self.heads[row, start + place] = letter, strand.kind

    def line(self, row, begin, end, style):
        if begin == end:
            return
        low, high = min(begin, end), max(begin, end)
        for column in range(low, high + 1):
            bits = (LEFT if column > low else 0) | (RIGHT if column < high else 0)
            self.add(row, column, bits, style)

    def fall(self, row, to_row, column, style):
        for place in range(row, to_row + 1):
            bits = (UP if place > row else 0) | (DOWN if place < to_row else 0)
            self.add(place, column, bits, style)

    def add(self, row, column, bits, style):
        before, _ = self.bits.get((row, column), (0, style))
        self.bits[row, column] = before | bits, style

    # ---- Out

    def lines(self, colour):
        for letters in self.letters:
            line, style_now = "", None
            for column in range(max(letters, default=-1) + 1):
                letter, style = letters.get(column, (" ", None))
                if colour and style != style_now:
                    line += "\x1b[0m" if style_now in COLOURS else ""
                    line += f"\x1b[{COLOURS[style]}m" if style in COLOURS else ""
                    style_now = style
                line += letter
            if colour and style_now in COLOURS:
                line += "\x1b[0m"
            yield line.rstrip() + "\n"


def fields(picture, columns):
    """The lanes side by side: text, a rail, a gap for the arrows, a rail, text, ..."""
    count = len(picture.lanes)
    arrows = 12 if columns >= 50 * count else 8 if columns >= 33 * count else 6
    gaps = [arrows if number in picture.crossed() else 1 for number in range(count - 1)] + [0]
    rails = [picture.has_rails(number) for number in range(count)]
    room = (columns - sum(gaps) - 2 * sum(map(sum, rails))) // count
    found, column = [], 0
    for gap, (left, right) in zip(gaps, rails):
        start = column + (2 if left else 0)
        end = start + min(room, 64) + (2 if right else 0)
        found.append(Field(start, min(room, 64), [column if left else None,
                                                  end - 1 if right else None]))
        column = end + gap
    return found
