"""The programs that are graded, and what each has to lose; see tests/mutants/README.md for what a
.mutant file looks like."""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MUTANTS = ROOT / "tests/mutants"
SUBMISSIONS = ROOT / "tests/submissions"
INTERPRETERS = {"node": "node"}  # of languages that ./setup does not install, by their folders


class Broken(Exception):
    """Something that is to be graded cannot be."""


@dataclass
class Subject:
    """A program that is graded, and what it has to lose."""
    name: str
    lab: int
    about: str
    catches: set = field(default_factory=set)   # titles of the checks that it has to lose
    perhaps: set = field(default_factory=set)   # that it may lose, as time will have it
    edits: list = field(default_factory=list)   # (file, old text, new text)
    programs: Path = None                       # graded as they are, if there are no edits
    report: str = ""                            # the check whose report is kept in golden/
    missing: str = ""                           # the interpreter that it needs, if it is not here

    @property
    def is_mutant(self):
        return bool(self.catches)

    @property
    def file_name(self):
        return self.name.replace("/", "_")


def read_mutant(path):
    head, *parts = re.split(r"^--- (\S+)\n", path.read_text(), flags=re.M)
    subject = Subject(f"{path.parent.name}/{path.stem}", int(path.parent.name[3:]), "")
    for line in head.splitlines():
        word, _, rest = line.partition(": ")
        if word == "catches":
            subject.catches.add(rest)
        elif word == "perhaps":
            subject.perhaps.add(rest)
        elif word == "report":
            subject.report = rest
        elif word == "programs":
            subject.programs = ROOT / rest
        else:
            subject.about = f"{subject.about} {line}".strip()
    for file, text in zip(parts[::2], parts[1::2]):
        blocks = re.findall(r"^<<<<<<<\n(.*?)\n=======\n(.*?)\n?>>>>>>>$", text, re.M | re.S)
        subject.edits += [(file, old, new) for old, new in blocks]
    if not subject.about or not subject.catches or bool(subject.edits) == bool(subject.programs):
        raise Broken(f"{path}: it needs a sentence, `catches:`, and edits or `programs:`")
    return subject


def read_submission(path):
    language = path.parent.name
    interpreter = INTERPRETERS.get(language, "")
    return Subject(f"submissions/{language}/{path.name}", int(path.name[3:]), "a correct program",
                   programs=path,
                   missing="" if not interpreter or shutil.which(interpreter) else interpreter)


def all_subjects():
    """Mutants by lab, each lab's own first; then the submissions."""
    subjects = [read_mutant(path) for path in MUTANTS.glob("lab*/*.mutant")]
    subjects += [read_submission(path) for path in SUBMISSIONS.glob("*/lab*") if path.is_dir()]
    return sorted(subjects, key=lambda subject: (not subject.is_mutant, subject.lab,
                                                 bool(subject.programs), subject.name))


def choose(subjects, wanted):
    def is_wanted(subject):
        return any(f"{subject.name}/".startswith(f"{name}/") for name in wanted)
    return [subject for subject in subjects if not wanted or is_wanted(subject)]
