"""The figures as a picture: how near to its limit each server comes."""

import math
from html import escape
from statistics import median

import rows
from report import number

WIDTH, ROW, LEFT, RIGHT = 760, 17, 190, 590
EXPONENTS = (-3, 1)  # a thousandth of the limit's speed at the left edge, ten times it at the right

STYLE = """
  text { font: 12px sans-serif; fill: #24292f }
  .title { font-weight: bold }
  .grid { stroke: #d0d7de }
  .lab { fill: #0969da } .limit { fill: #24292f } .lesson { fill: #bc4c00 } .peer { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .grid { stroke: #3d444d }
    .lab { fill: #58a6ff } .limit { fill: #e6edf3 } .lesson { fill: #f0883e }
    .peer { fill: #7d8590 }
  }
"""


def groups(size):
    """(title, unit, subjects, figure, whether less is better)."""
    most = size.members[-1]
    return [
        ("Round trip of 16 bytes", "us", rows.ECHO, "round trip 16 p50", True),
        ("Round trip of 1,500 bytes", "us", rows.ECHO, "round trip 1500 p50", True),
        ("A stream of lines of 1,024 bytes", "MB/s", rows.ECHO, "bulk", False),
        ("Frames of 16 bytes, without waiting", "/s", rows.FRAMES, "frames", False),
        (f"Messages of {size.crowd:,} clients", "/s", rows.CROWD, "messages of a crowd", False),
        (f"Datagrams to {most:,} members", "/s", rows.CHAT, f"fan-out {most}", False)]


def x_of(speed):
    low, high = EXPONENTS
    exponent = min(max(math.log10(speed), low), high)
    return LEFT + (RIGHT - LEFT) * (exponent - low) / (high - low)


def text(x, y, words, kind=""):
    return f'<text x="{x:.0f}" y="{y:.0f}"{kind and f" class={kind!r}"}>{escape(words)}</text>'


def row(table, subject, figure, unit, less, y):
    values = table[subject.name, figure]
    ratios = [a / b for a, b in zip(values, table[subject.limit, figure])]
    x = x_of(1 / median(ratios) if less else median(ratios))
    return [text(16, y, subject.name),
            f'<circle class="{subject.role}" cx="{x:.1f}" cy="{y - 4}" r="5"/>',
            text(RIGHT + 16, y, f"{number(median(values))} {unit}")]


def svg(report):
    table, parts, y = report.table, [], 48
    for title, unit, subjects, figure, less in groups(report.bench.size):
        parts.append(text(8, y + ROW, title, "title"))
        y += ROW + 4
        for subject in subjects:
            if (subject.name, figure) in table:
                y += ROW
                parts += row(table, subject, figure, unit, less, y)
        y += 10
    grid = []
    for exponent in range(EXPONENTS[0], EXPONENTS[1] + 1):
        x = x_of(10 ** exponent)
        name = {-3: "1/1,000", -2: "1/100", -1: "1/10", 0: "the limit", 1: "10 times"}[exponent]
        grid += [f'<line class="grid" x1="{x:.0f}" y1="40" x2="{x:.0f}" y2="{y}"/>',
                 text(x - 22, 34, name)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 8}">',
        f"<title>How fast, beside a bare loop that does the same</title><style>{STYLE}</style>",
        text(8, 16, "How fast, beside a bare loop that does the same", "title"),
        *grid, *parts, "</svg>"])
