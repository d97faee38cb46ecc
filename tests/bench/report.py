"""What was measured, as a text and as JSON."""

import json
from statistics import median

import rows
from goals import goals


def number(value):
    """Three digits that count, and no fewer before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values):
    return f"{number(median(values)):>10} {number(min(values)):>10} - {number(max(values)):<10}"


class Report:
    def __init__(self, bench):
        self.bench = bench
        self.table = bench.table

    def blocks(self):
        """(title, subjects, figure, figure of the p99 if there is one)."""
        for size in (16, 1000, 1500, 4000):
            yield (f"Echo: round trip of {size:,} bytes, us", rows.ECHO, f"round trip {size} p50",
                   f"round trip {size} p99")
        yield "Echo: a stream of lines of 1,024 bytes, MB/s", rows.ECHO, "bulk", None
        yield "Echo: a stream of lines of 64,000 bytes, MB/s", rows.ECHO, "bulk of long lines", None
        yield "Echo: connections a second", rows.ECHO, "connections", None
        for size in (16, 1500):
            yield (f"Frames: round trip of {size:,} bytes, us", rows.FRAMES,
                   f"round trip {size} p50", f"round trip {size} p99")
        yield "Frames: of 16 bytes, without waiting, a second", rows.FRAMES, "frames", None
        yield (f"{self.bench.size.crowd:,} clients at once: messages a second", rows.CROWD,
               "messages of a crowd", None)
        for members in self.bench.size.members:
            yield (f"Chat of {members:,} members: datagrams a second", rows.CHAT,
                   f"fan-out {members}", None)

    def text(self):
        lines = []
        for title, subjects, figure, tail in self.blocks():
            lines += self.block(title, subjects, figure, tail)
        lines += self.classes() + self.talks() + self.logins() + self.verdicts()
        return "\n".join(lines)

    def block(self, title, subjects, figure, tail):
        p99 = "      p99     lowest - highest" if tail else ""
        lines = ["", f"{title:<46} median     lowest - highest    to its limit{p99}"]
        for subject in subjects:
            if subject.name in self.bench.missing:
                lines.append(f"  {subject.name:<38}   missing: {self.bench.missing[subject.name]}")
            elif (subject.name, figure) in self.table:
                lines.append(self.line(subject, figure, tail))
        return lines

    def line(self, subject, figure, tail):
        values = self.table[subject.name, figure]
        limit = self.table.get((subject.limit, figure))
        ratio = ("limit" if subject.limit == subject.name else
                 number(median(a / b for a, b in zip(values, limit))) if limit else "")
        rest = f"  {spread(self.table[subject.name, tail])}" if tail else ""
        return f"  {subject.name:<38} {spread(values)} {ratio:>9}{rest}".rstrip()

    def classes(self):
        lines = ["", "Classes alone, without a server: what is received, a second of the processor"]
        for figure, unit in (("frames, read ahead", ""), ("frames, two recv each", ""),
                             ("lines of 1 KB", ", MB"), ("lines of 1 MB", ", MB")):
            lines.append(f"  {figure + unit:<38} {spread(self.table['classes', figure])}".rstrip())
        return lines

    def talks(self):
        lines = ["", "A talk at lab 9 while others log in: round trip of 16 bytes, us"]
        for name in ("lab 9, one client", "lab 9, during logins", "bare poll, hashing"):
            for part in ("p50", "p99", "longest"):
                values = self.table[name, f"talk {part}"]
                lines.append(f"  {name + ', ' + part:<38} {spread(values)}".rstrip())
        return lines

    def logins(self):
        lines = ["", "A login, ms"]
        for name, figure in (("lab 7, whole", "login"), ("bare hash", "hash")):
            lines.append(f"  {name:<38} {spread(self.table['lab 7', figure])}".rstrip())
        return lines

    def results(self):
        """(goal, result, whether it is met) of each goal that could be looked at."""
        found = ((goal, goal.result(self.table)) for goal in goals(self.bench.size))
        return [(goal, result, goal.is_met(result)) for goal, result in found
                if result is not None]

    def verdicts(self):
        lines = ["", f"{'Goals':<70} {'is':>7}   should be"]
        for goal, result, met in self.results():
            lines.append(f"  {goal.text:<68} {number(result):>7}   {goal.bound():<8}"
                         f" {'met' if met else 'MISSED'}")
        return lines

    def json(self):
        return json.dumps({
            "figures": [{"subject": subject, "figure": figure, "values": values,
                         "median": median(values)}
                        for (subject, figure), values in self.table.items()],
            "goals": [{"goal": goal.text, "result": result, "bound": goal.bound(), "met": met}
                      for goal, result, met in self.results()],
            "missing": self.bench.missing}, indent=1)
