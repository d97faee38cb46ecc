"""Which line became which, in a run of lines that were removed and lines that were added."""

import re
from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache

ALIKE = 0.5  # two lines are the same line, changed, from this likeness on
PIECE = re.compile(r"\w+|\s+|.")


def aligned(removed, added):
    """The two in parts, (lines, lines): a line and what it became, or what has no counterpart."""
    parts, old, new = [], 0, 0
    for i, j in [*couples(removed, added), (len(removed), len(added))]:
        parts.append((removed[old:i], added[new:j]))
        parts.append((removed[i:i + 1], added[j:j + 1]))
        old, new = i + 1, j + 1
    return parts


def couples(removed, added):
    """The places of the lines that are alike, in order, so that together they are most alike."""
    best = [[(0, None)] * (len(added) + 1) for _ in range(len(removed) + 1)]
    for i in range(len(removed) - 1, -1, -1):
        for j in range(len(added) - 1, -1, -1):
            same = likeness(removed[i], added[j])
            best[i][j] = max((best[i + 1][j][0], (i + 1, j)), (best[i][j + 1][0], (i, j + 1)),
                             (best[i + 1][j + 1][0] + same if same >= ALIKE else -1,
                              (i + 1, j + 1)), key=lambda way: way[0])
    found, place = [], (0, 0)
    while place[0] < len(removed) and place[1] < len(added):
        after = best[place[0]][place[1]][1]
        if after == (place[0] + 1, place[1] + 1):
            found.append(place)
        place = after
    return found


@lru_cache(maxsize=None)
def words(line):
    return Counter(re.findall(r"\w+", line))


def likeness(one, other):
    """From 0 to 1: how much of their words they share."""
    total = words(one).total() + words(other).total()
    return 2 * (words(one) & words(other)).total() / total if total else 0


def marked(before, after):
    """Both sides of a part: of each line its pieces, [(text, whether it differs), ...]. If it is
    not one line that became another, nothing is said to differ."""
    if len(before) != 1 or len(after) != 1 or likeness(*before, *after) < ALIKE:
        return [[[(line, False)] for line in lines] for lines in (before, after)]
    pieces = [PIECE.findall(*lines) for lines in (before, after)]
    left, right = [], []
    for what, i, k, j, m in SequenceMatcher(None, *pieces, autojunk=False).get_opcodes():
        left.append(("".join(pieces[0][i:k]), what != "equal"))
        right.append(("".join(pieces[1][j:m]), what != "equal"))
    return [[[piece for piece in side if piece[0]]] for side in (left, right)]
