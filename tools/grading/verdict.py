"""Grades one program and holds what it lost against what it has to lose."""

import csv
import time
from dataclasses import dataclass, field
from decimal import Decimal

from . import golden
from .processes import run
from .subjects import Broken, Subject

USUAL_PATIENCE = 20  # seconds
FEW = 8
KEPT = ("passed", "left out")  # outcomes


@dataclass
class Result:
    subject: Subject
    points: Decimal = Decimal(0)
    lost: set = field(default_factory=set)       # titles of checks
    problems: list = field(default_factory=list)
    seconds: float = 0.0


def checks_of(subject, programs, workshop, patience, title="*"):
    """The rows of the grader's table, by the checks' titles."""
    table = workshop.folder / f"{subject.file_name}.csv"
    status, output = run([workshop.grader, f"--submission={programs}", f"--check={title}",
                          f"--patience={patience}", f"--csv={table}", subject.lab])
    if status not in (0, 1):
        raise Broken(f"the grader itself failed ({status})\n{output[-3000:]}")
    with open(table, newline="", encoding="utf-8") as file:
        return {row["check"]: row for row in csv.DictReader(file)}


def lost_of(checks):
    return {title for title, row in checks.items() if row["outcome"] not in KEPT}


def all_checks(subject, programs, workshop, patience):
    """As checks_of, with the usual patience for correct programs, since these make nobody wait;
    what is lost and should not be is tried again with it, too."""
    if not subject.catches:
        patience = USUAL_PATIENCE
    checks = checks_of(subject, programs, workshop, patience)
    surplus = lost_of(checks) - subject.catches - subject.perhaps
    if len(surplus) <= FEW:
        for title in surplus:
            checks |= checks_of(subject, programs, workshop, USUAL_PATIENCE, title)
    return checks


def differences(subject, checks):
    lost = lost_of(checks)
    expected = subject.catches | subject.perhaps
    return ([f"there is no check  {title}" for title in sorted(expected - checks.keys())] +
            [f"not lost           {title}" for title in sorted(subject.catches - lost)] +
            [f"lost besides       {title}" for title in sorted(lost - expected)])


def judge(subject, workshop, patience, update):
    result = Result(subject)
    started = time.monotonic()
    try:
        programs = workshop.build(subject)
        checks = all_checks(subject, programs, workshop, patience)
        result.lost = lost_of(checks)
        result.points = sum(Decimal(row["points"]) for row in checks.values())
        result.problems = differences(subject, checks)
        if subject.report:
            changes = golden.compare(subject, programs, workshop, USUAL_PATIENCE, update)
            result.problems += ["\n".join(["other words", *changes])] if changes else []
    except Broken as error:
        result.problems.append(str(error))
    result.seconds = time.monotonic() - started
    return result
