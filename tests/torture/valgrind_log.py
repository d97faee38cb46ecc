"""What valgrind's log says in the end."""

import re


def errors_in(log):
    """How many it has found; None if it did not come to its end."""
    found = re.search(r"== ERROR SUMMARY: (\d+) errors", log)
    return int(found.group(1)) if found else None


def descriptors_in(log):
    """A line for each that is open, but for those that the program was given."""
    return re.findall(r"== Open (.*)\n==\d+== (?! *<inherited from parent>)", log)
