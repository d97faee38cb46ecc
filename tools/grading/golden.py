"""The reports that are kept, as a person reads them: do they still read so?"""

import difflib
import re

from .processes import run
from .subjects import MUTANTS

GOLDEN = MUTANTS / "golden"


def without_what_differs(text):
    """Without the times and ports, and without the steps, of which now one and now the other comes
    first."""
    text = re.sub(r"(    What was done.*:\n)(      .*\n)+", r"\1      ...\n", text)
    text = re.sub(r"(server|client) '\d{4,5}'", r"\1 'PORT'", text)
    text = re.sub(r"((?:\d|\]):|\bport )\d{4,5}\b", r"\1PORT", text)
    text = re.sub(r"\d+\.\d+ s\b", "N.N s", text)
    text = re.sub(r"\b(pid|process) \d+", r"\1 PID", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", "DATE", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "TOKEN", text)
    text = re.sub(r"\$[A-Za-z0-9]{22}\$", "$SALT$", text)
    text = re.sub(r"0/[\d.]+ +|\b0 of [\d.]+ points", "0/N ", text)
    text = re.sub(r"it is: +\d+ ==", "it is: N ==", text)
    return re.sub(r"limits times [\d.]+", "limits times N.N", text)


def compare(subject, programs, workshop, patience, update):
    """The lines in which the report differs from the one that is kept."""
    _, report = run([workshop.grader, f"--submission={programs}", f"--check={subject.report}",
                     "--seed=1", f"--patience={patience}", subject.lab])
    report = without_what_differs(report.replace(str(programs), "FOLDER"))
    path = GOLDEN / f"{subject.file_name}.txt"
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(report)
    kept = path.read_text() if path.exists() else ""
    return list(difflib.unified_diff(kept.splitlines(), report.splitlines(), str(path), "now",
                                     n=0, lineterm=""))
