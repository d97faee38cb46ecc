"""Draws a Picture as SVG: light or dark as the reader's screen is, its text to be selected."""

import math
from html import escape

from .layout import fit
from .picture import WAITS
from .pieces import width

LETTER, ROW = 7.8, 21     # a letter's width, and a row's height
MARGIN, RAIL = 22, 8
LABEL = 26                # between the middles of two labels, at least
GAPS = {2: 104, 3: 76}       # between two lanes
MOST = {2: 50, 3: 36}     # columns of a lane at most, by how many lanes there are
PAYLOAD, LEAST_PAYLOAD = 34, 26  # columns of what was sent or received

# What has a colour: (selector, property, on light paper, on dark paper). Plain rules, since many a
# viewer knows neither variables nor which scheme its reader prefers.
COLOURS = (
    (".paper", "fill", "#ffffff", "#0d1117"),
    (".paper", "stroke", "#c4ccd4", "#3d444d"),
    ("text", "fill", "#1f2328", "#e6edf3"),
    (".lane, .dim", "fill", "#6b7580", "#8d96a0"),
    (".name", "fill", "#0550ae", "#79c0ff"),
    (".data, .head.data", "fill", "#0f6b2f", "#7ee787"),
    (".error", "fill", "#cf222e", "#ff7b72"),
    (".runs.client", "fill", "#0969da", "#58a6ff"),
    (".runs.server", "fill", "#bc4c00", "#f0883e"),
    (".waits", "stroke", "#6b7580", "#8d96a0"),
    (".leader", "stroke", "#c4ccd4", "#3d444d"),
    (".label", "stroke", "#ffffff", "#0d1117"),
    (".strand.data, .untaken.data", "stroke", "#0f6b2f", "#7ee787"),
    (".strand.connect", "stroke", "#8250df", "#d2a8ff"),
    (".head.connect, .label.connect", "fill", "#8250df", "#d2a8ff"),
    (".strand.end, .untaken.end", "stroke", "#9a6700", "#e3b341"),
    (".head.end, .label.end", "fill", "#9a6700", "#e3b341"),
    (".strand.reset, .strand.lost, .strand.refused, .untaken.reset", "stroke", "#cf222e",
     "#ff7b72"),
    (".head.reset, .label.reset, .label.lost, .label.refused", "fill", "#cf222e", "#ff7b72"),
    (".strand", "fill", "none", "none"),
    (".head.untaken", "fill", "#ffffff", "#0d1117"),
)
SHAPES = """
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
         "Liberation Mono", monospace; white-space: pre }
  .heading { font-weight: bold; font-size: 15px }
  .lane, .title, .error { font-weight: bold }
  .waits { stroke-width: 1.5; stroke-dasharray: 2 4 }
  .leader { stroke-dasharray: 1 4 }
  .strand { stroke-width: 1.6 }
  .head.untaken { stroke-width: 1.4 }
  .label { font-size: 11px; text-anchor: middle; paint-order: stroke; stroke-width: 5px }
"""


def style():
    light, dark = ("".join(f"  {what} {{ {rule[0]}: {rule[number]} }}\n"
                           for what, *rule in COLOURS) for number in (1, 2))
    return f"{SHAPES}{light}  @media (prefers-color-scheme: dark) {{\n{dark}  }}\n"


def render(picture):
    return Drawing(picture).text()


class Drawing:
    def __init__(self, picture):
        self.picture = picture
        count = len(picture.lanes)
        most = MOST.get(count, 30)
        self.lines = [{row: fit(line, most, PAYLOAD, LEAST_PAYLOAD)
                       for row, line in lane.cells.items()} for lane in picture.lanes]
        self.rooms = [max((columns(pieces) for lines in cells.values() for pieces in lines),
                          default=10) * LETTER for cells in self.lines]
        self.place_lanes()
        self.place_rows()
        self.parts = []
        self.labels = []  # where they are

    def place_lanes(self):
        """For each lane where its text starts, and where its rails are."""
        self.starts, self.rails = [], []
        here, last = MARGIN, len(self.rooms) - 1
        for number, room in enumerate(self.rooms):
            left, right = self.picture.has_rails(number)
            start = here + (RAIL + 10 if left else 0)
            self.starts.append(start)
            end = start + room + (10 + RAIL if right else 0)
            self.rails.append((here + RAIL / 2 if left else None,
                               end - RAIL / 2 if right else None))
            gap = GAPS.get(last + 1, 76) if number in self.picture.crossed() else 3 * LETTER
            here = end + (gap if number < last else 0)
        self.wide = here + MARGIN

    def place_rows(self):
        """The middle of each row's first line of text, and where the next row begins."""
        self.middles, here = [], 2 * ROW + MARGIN + 16
        for row in range(self.picture.rows):
            self.middles.append(here + ROW / 2)
            here += ROW * max([1, *(len(cells.get(row, [])) for cells in self.lines)])
        self.middles.append(here + ROW / 2)
        self.high = here + MARGIN - 6

    # ---- Parts

    def text(self):
        self.frame()
        for number, lane in enumerate(self.picture.lanes):
            for rail in filter(None, self.rails[number]):
                self.draw_rail(lane, rail)
        for strand in self.picture.strands:
            self.draw_leaders(strand)
        for strand in self.picture.strands:
            self.draw_strand(strand)
        for strand in sorted(self.picture.strands, key=lambda one: one.row != one.to_row):
            self.draw_label(strand)
        for number, cells in enumerate(self.lines):
            for row, lines in sorted(cells.items()):
                for place, pieces in enumerate(lines):
                    self.draw_text(self.starts[number], self.middles[row] + place * ROW, pieces)
        return "\n".join([*self.parts, "</svg>", ""])

    def frame(self):
        title = escape(self.picture.title)
        size = f"{self.wide:.0f} {self.high:.0f}"
        self.parts += [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
            f'width="{self.wide:.0f}" height="{self.high:.0f}" role="img">',
            f"<title>{title}</title>", f"<style>{style()}</style>",
            f'<rect class="paper" x="0.5" y="0.5" width="{self.wide - 1:.0f}" '
            f'height="{self.high - 1:.0f}" rx="8"/>',
            f'<text class="heading" x="{MARGIN}" y="{MARGIN + 12}">{title}</text>']
        for start, lane in zip(self.starts, self.picture.lanes):
            self.parts.append(f'<text class="lane" x="{start:.1f}" y="{MARGIN + 20 + ROW}">'
                              f"{escape(lane.title)}</text>")

    def draw_text(self, x, middle, pieces):
        spans = "".join(f'<tspan class="{piece.style}">{escape(piece.text(), quote=False)}</tspan>'
                        if piece.style != "plain" else escape(piece.text(), quote=False)
                        for piece in pieces)
        length = columns(pieces) * LETTER
        self.parts.append(f'<text x="{x:.1f}" y="{middle + 4.5:.1f}" textLength="{length:.1f}" '
                          f'xml:space="preserve">{spans}</text>')

    def draw_rail(self, lane, x):
        """Solid while the program runs; dashed while it waits."""
        for start, stop, waits in self.stretches(lane.rail):
            if waits:
                self.parts.append(f'<line class="waits" x1="{x:.1f}" y1="{start:.1f}" '
                                  f'x2="{x:.1f}" y2="{stop:.1f}"/>')
            else:
                self.parts.append(
                    f'<rect class="runs {lane.side}" x="{x - RAIL / 2:.1f}" y="{start:.1f}" '
                    f'width="{RAIL}" height="{stop - start:.1f}" rx="2"/>')

    def stretches(self, rail):
        """(top, bottom, whether it waits) of each piece of a rail."""
        halves = []
        for row, state in sorted(rail.items()):
            top, middle = self.middles[row] - ROW / 2, self.middles[row]
            bottom = self.middles[row + 1] - ROW / 2
            halves.append([top, middle, rail.get(row - 1) == WAITS])
            halves.append([middle, bottom, state == WAITS])
        joined = halves[:1]
        for top, bottom, waits in halves[1:]:
            if joined[-1][2] == waits and joined[-1][1] == top:
                joined[-1][1] = bottom
            else:
                joined.append([top, bottom, waits])
        return joined

    def draw_leaders(self, strand):
        """From the text of a lane on the left to its rail, for the eye."""
        ends = [(strand.lane, strand.row)]
        if strand.arrives:
            ends.append((strand.to_lane, strand.to_row))
        for number, row in ends:
            right = self.rails[number][1]
            lines = self.lines[number].get(row)
            if right and lines and number < max(strand.lane, strand.to_lane):
                start = self.starts[number] + columns(lines[0]) * LETTER + 8
                if start < right - 16:
                    y = self.middles[row]
                    self.parts.append(f'<line class="leader" x1="{start:.1f}" y1="{y:.1f}" '
                                      f'x2="{right - RAIL:.1f}" y2="{y:.1f}"/>')

    def draw_strand(self, strand):
        x, y, to_x, to_y = self.ends(strand)
        self.parts.append(f'<path class="strand {strand.kind}" '
                          f'd="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"/>')
        if strand.kind in ("lost", "refused") and not strand.arrives:
            self.draw_cross(to_x, to_y, strand.kind)
        else:
            self.draw_head(x, y, to_x, to_y, strand.kind + ("" if strand.arrives else " untaken"))
        if strand.kind == "connect":
            self.draw_head(to_x, to_y, x, y, strand.kind)

    def ends(self, strand):
        """Where the arrow begins and ends: at the rails; or on the way, if nobody is there."""
        rightward = strand.lane < strand.to_lane
        side = 1 if rightward else -1
        x = self.rails[strand.lane][1 if rightward else 0] + side * RAIL / 2
        to_x = self.rails[strand.to_lane][0 if rightward else 1] - side * RAIL / 2
        if strand.kind in ("lost", "refused") and not strand.arrives:
            to_x = x + (to_x - x) * 0.6
        return x, self.middles[strand.row], to_x, self.middles[strand.to_row]

    def draw_head(self, x, y, to_x, to_y, kind):
        angle = math.degrees(math.atan2(to_y - y, to_x - x))
        self.parts.append(f'<path class="head {kind}" d="M0 0L-9 -4.5L-9 4.5Z" '
                          f'transform="translate({to_x:.1f} {to_y:.1f})rotate({angle:.1f})"/>')

    def draw_cross(self, x, y, kind):
        self.parts.append(f'<path class="strand {kind}" '
                          f'd="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"/>')

    def draw_label(self, strand):
        """In the middle of a level arrow; on another, where there is no label yet."""
        if not strand.label:
            return
        x, y, to_x, to_y = self.ends(strand)
        for part in (0.5,) if y == to_y else (0.35, 0.65, 0.2, 0.8):
            place = x + (to_x - x) * part, y + (to_y - y) * part
            if all(math.dist(place, other) > LABEL for other in self.labels):
                break
        self.labels.append(place)
        self.parts.append(f'<text class="label {strand.kind}" x="{place[0]:.1f}" '
                          f'y="{place[1] + 4:.1f}">{escape(strand.label)}</text>')


def columns(pieces):
    return sum(width(piece.text()) for piece in pieces)
