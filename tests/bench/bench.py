#!/usr/bin/env python3
"""Measures the labs beside bare loops, which are the limit, and beside what one would take instead.

  bench.py [--tiny] [--json FILE] [--svg FILE]

All of it is measured in each of five rounds, one after the other. --tiny: one round of a few
milliseconds, which shows that everything runs.
"""

import argparse
import os
import sys
import time

import plot
import rows
from report import Report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--svg")
    arguments = parser.parse_args()

    begin = time.monotonic()
    load = os.getloadavg()[0]
    bench = rows.Bench(rows.TINY if arguments.tiny else rows.FULL)
    for number in range(bench.size.rounds):
        if sys.stderr.isatty():
            print(f"\rround {number + 1} of {bench.size.rounds} ", end="", file=sys.stderr)
        bench.round()
    bench.chat()

    report = Report(bench)
    print(report.text())
    print(f"\n{bench.size.rounds} rounds in {time.monotonic() - begin:.0f} s, {os.cpu_count()} "
          f"processors; load average {load:.1f} before, {os.getloadavg()[0]:.1f} after")
    for path, text in ((arguments.json, report.json), (arguments.svg, lambda: plot.svg(report))):
        if path:
            with open(path, "w") as file:
                file.write(text() + "\n")


if __name__ == "__main__":
    main()
