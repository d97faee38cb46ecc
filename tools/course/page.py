"""All differences between neighbours as one page of HTML that needs nothing else."""

import html
import re

from . import alike, labs, markdown
from .changes import changes

CONTEXT = 6  # lines shown around a change; and so many in between are shown, not left out
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")


def page():
    """page.html with the labs in it."""
    template = (labs.ROOT / "tools/course/page.html").read_text(encoding="utf-8")
    numbers = [number for number in labs.folders() if number - 1 in labs.folders()]
    links = "".join(f'<a href="#lab{number}">{number}<span> {name_of(number)}</span></a>'
                    for number in numbers)
    template = template.replace("<!-- ways -->", links)
    return template.replace("<!-- labs -->", "\n".join(map(lab, numbers)))


def name_of(number):
    return labs.folders()[number].name.split("_")[1]


# ---- One lab


def lab(number):
    folder, found = labs.folders()[number], changes(number)
    head = "".join(f'<div lang="{language}"><h2>{text(labs.title(folder, language))}</h2>'
                   f"<p>{text(labs.idea(folder, language))}</p></div>" for language in labs.PAGES)
    files = "\n".join(file(number, change) for change in found)
    return (f'<section id="lab{number}">{head}<div class="lab">{counts(number, found)}'
            f'<aside>{notes(folder)}</aside><div class="files">{files}</div></div></section>')


def counts(number, found):
    rows = "".join('<tr><td>+{}</td><td>−{}</td>'.format(*change.counts) +
                   f'<td><a href="#{anchor(number, change)}">{text(change.name)}</a></td></tr>'
                   for change in found)
    return f'<table class="counts">{rows}</table>'


def notes(folder):
    written = []
    for language, name in labs.PAGES.items():
        def link(target, here=name):
            """From build/, where the page is."""
            return html.escape(f"../{folder.name}/{here if target[0] == '#' else ''}{target}")
        look_at = labs.section(folder, labs.WHAT_TO_LOOK_AT, language)
        written.append(f'<div lang="{language}">{markdown.render(look_at, link)}</div>')
    return "".join(written)


def anchor(number, change):
    return f"lab{number}-{change.name.replace('/', '-')}"


def text(string):
    """With `code` as in Markdown."""
    return markdown.inline(string, str)


# ---- One file


def file(number, change):
    """A file that is new is shown whole, in one column; documents and what has gone are folded."""
    what = "new" if not change.before else "gone" if not change.after else "two"
    is_open = " open" if change.is_code and what != "gone" else ""
    patch = change.git(f"--unified={CONTEXT}", f"--inter-hunk-context={CONTEXT}")
    body = "".join(map(hunk, hunks(patch)))
    return (f'<details id="{anchor(number, change)}" class="{what}"{is_open}><summary>'
            f"{text(change.name)} <small>{'' if what == 'two' else what}</small></summary>{body}</details>")


def hunks(patch):
    """[(first old line, first new line, function, [(sign, text), ...]), ...]"""
    found = []
    for line in patch.split("\n"):
        if start := HUNK.match(line):
            found.append((int(start[1]), int(start[2]), start[3], []))
        elif found and line[:1] in ("+", "-", " "):
            found[-1][3].append((line[0], line[1:]))
    return found


def hunk(found):
    old, new, function, lines = found
    written = []
    if max(old, new) > 1:  # something was left out
        written.append(f'<p class="where">&#8942; {html.escape(function)}</p>')
    for removed, added, same in runs(lines):
        for before, after in alike.aligned(removed, added):
            written.append(pair("change", old, new, *marked(before, after)))
            old, new = old + len(before), new + len(after)
        written.append(pair("same", old, new, *[[html.escape(line) for line in same]] * 2))
        old, new = old + len(same), new + len(same)
    return "".join(written)


def runs(lines):
    """(removed, added, unchanged lines after them) again and again."""
    found = [([], [], [])]
    for sign, line in lines:
        if sign != " " and found[-1][2]:
            found.append(([], [], []))
        found[-1]["-+ ".index(sign)].append(line)
    return found


def pair(kind, old, new, before, after):
    """Lines of the old file, and beside them lines of the new one."""
    if not before and not after:
        return ""
    sides = [f'<div class="{side}">' + "".join(
        f'<code data-n="{number}">{line}\n</code>' for number, line in enumerate(lines, first)) +
        "</div>" for side, first, lines in (("old", old, before), ("new", new, after))]
    return f'<div class="pair {kind}">{"".join(sides)}</div>'


def marked(before, after):
    """The lines as HTML; if it is one line that became another, the words that differ are marked."""
    return [["".join(f"<mark>{html.escape(piece)}</mark>" if differs else html.escape(piece)
                     for piece, differs in line) for line in side]
            for side in alike.marked(before, after)]
