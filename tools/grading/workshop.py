"""Where the programs are built: the reference lab once, then what an edit changes."""

import shutil
import threading
from pathlib import Path

from .processes import run
from .subjects import ROOT, SUBMISSIONS, Broken

GRADER = ROOT / "tests/grade/grade"


def make(folder, lab):
    """Builds a lab with the course's flags, but quickly: not optimised. A mistake may well be one
    that the compiler warns of, so a warning is no error here, whatever it is elsewhere."""
    compiler = "ccache g++" if shutil.which("ccache") else "g++"
    status, output = run(["make", "-s", "-C", folder, f"CXX={compiler}", "CXXFLAGS=-O0", "FORTIFY=",
                          "WERROR=", f"{lab}/server", f"{lab}/client"])
    if status != 0:
        raise Broken("it does not compile\n" + output)


class Workshop:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.lock = threading.Lock()
        self.grader = self.folder / "grade"  # of its own: it may be built anew meanwhile
        shutil.copy2(GRADER, self.grader)

    def build(self, subject):
        """The folder with the server and the client of `subject`."""
        if subject.edits:
            return self.mutant(subject)
        if subject.programs.is_relative_to(SUBMISSIONS):
            return subject.programs
        lab = subject.programs.name
        return self.reference(lab) / lab

    def reference(self, lab):
        """A copy of what belongs to a reference lab, built."""
        with self.lock:
            copy = self.folder / lab
            if not copy.exists():
                (copy / "tests").mkdir(parents=True)
                shutil.copy2(ROOT / "Makefile", copy)
                for part in ("shared", lab):
                    shutil.copytree(ROOT / part, copy / part,
                                    ignore=shutil.ignore_patterns("server", "client"))
                make(copy, lab)
            return copy

    def mutant(self, subject):
        lab = next(ROOT.glob(f"lab{subject.lab}_*")).name
        copy = self.folder / subject.file_name
        shutil.copytree(self.reference(lab), copy)
        for name, old, new in subject.edits:
            path = copy / (name if name.startswith("shared/") else f"{lab}/{name}")
            text = path.read_text()
            if text.count(old) != 1:
                raise Broken(f"its edit of {name} fits {text.count(old)} places:\n{old}")
            path.write_text(text.replace(old, new))
        make(copy, lab)
        return copy / lab
