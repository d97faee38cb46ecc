"""What the tests of tools/course share."""

import functools
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from course import labs  # noqa: E402


@functools.cache
def tool(name, *arguments):
    """What a program of tools/ says. It says the same each time."""
    return subprocess.run([os.path.join(ROOT, "tools", name), *arguments], check=True,
                          stdout=subprocess.PIPE, encoding="utf-8").stdout


def later_labs():
    """The numbers of the labs that have one before them."""
    return [number for number in labs.folders() if number - 1 in labs.folders()]
