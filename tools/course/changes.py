"""What lab N adds to the lab before it, file by file, as `git diff` sees it."""

import filecmp
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import labs


@dataclass
class Change:
    name: str            # "client.cpp", "shared/frame.hpp"
    before: Path | None  # None: there was no such file
    after: Path | None   # None: it has gone

    @property
    def is_code(self):
        return not self.name.endswith(".md")

    @property
    def counts(self):
        """How many lines were added, and how many removed."""
        added, removed = self.git("--numstat").split("\t")[:2]
        return int(added), int(removed)

    def git(self, *options):
        """What `git diff` says; it exits with 1 if there is a difference."""
        sides = [path.relative_to(labs.ROOT) if path else "/dev/null"
                 for path in (self.before, self.after)]
        told = subprocess.run(["git", "--no-pager", "diff", "--no-index", "--no-ext-diff",
                               "--no-prefix", *options, "--", *sides],
                              cwd=labs.ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False)
        if told.returncode > 1:
            raise SystemExit(f"git diff failed on {self.name}")
        return told.stdout


def changes(number):
    """Every file that differs: the lab's code, what it is the first to use of shared/, and then
    the documents. Of lab 1, every file is new."""
    lab, earlier = labs.folders()[number], labs.folders().get(number - 1)
    places = [earlier, lab] if earlier else [lab]
    own = []
    for kind in ("client.cpp", "server.cpp", "*.hpp", "*.md"):
        own += sorted({path.name for place in places for path in place.glob(kind)})
    found = [Change(name, *(there(place, name) for place in (earlier, lab))) for name in own]

    known = labs.shared(earlier) if earlier else []
    found += [Change(f"shared/{path.name}", None, path)
              for path in labs.shared(lab) if path not in known]
    return sorted(filter(differs, found), key=lambda change: not change.is_code)


def there(place, name):
    return place / name if place and (place / name).is_file() else None


def differs(change):
    return not (change.before and change.after and
                filecmp.cmp(change.before, change.after, shallow=False))


def lines_added(number):
    """How many lines of code lab `number` adds, comments counted."""
    return sum(change.counts[0] for change in changes(number) if change.is_code)
