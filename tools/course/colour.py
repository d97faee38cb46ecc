"""A patch as a terminal shows it."""

from . import alike

BOLD, REVERSE, FORWARD, RED, GREEN, CYAN, PLAIN = (f"\033[{code}m"
                                                   for code in (1, 7, 27, 31, 32, 36, 0))


def coloured(patch):
    """As git has it, and in a line that became another the words that differ are marked."""
    written, removed, added = [], [], []
    for line in patch.split("\n"):
        if line.startswith("-") and not line.startswith("--- "):
            removed.append(line[1:])
        elif line.startswith("+") and not line.startswith("+++ "):
            added.append(line[1:])
        else:
            written += marked(removed, added)
            removed, added = [], []
            written.append(in_style(CYAN, line) if line.startswith("@@") else
                           line if line.startswith(" ") else in_style(BOLD, line))
    return "\n".join(written)


def marked(removed, added):
    """A run of removed lines, and the lines that were added in their place."""
    left, right = [], []
    for part in alike.aligned(removed, added):
        for side, sign, style, lines in zip((left, right), "-+", (RED, GREEN), alike.marked(*part)):
            side += [in_style(style, sign + "".join(f"{REVERSE}{text}{FORWARD}" if differs
                                                    else text for text, differs in line))
                     for line in lines]
    return left + right


def in_style(style, text):
    return f"{style}{text}{PLAIN}" if text else text
