"""The labs' folders: which files a lab has, and what its pages say under a heading."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = {"en": "README.md", "ru": "README.ru.md"}
ASSIGNMENT = {"en": "The assignment", "ru": "Задание"}
CONTRACT = {"en": "The whole contract of this lab", "ru": "Все требования к программам"}
WHAT_TO_LOOK_AT = {"en": "What to look at", "ru": "На что смотреть"}  # "in the code", "in the diff"


def folders():
    """{1: .../lab1_echo, 2: ...}, in order."""
    found = {int(re.match(r"lab(\d+)_", folder.name)[1]): folder
             for folder in ROOT.glob("lab[0-9]*_*") if folder.is_dir()}
    return dict(sorted(found.items()))


def code(lab):
    """The files of a lab's own code, the programs first."""
    return [path for kind in ("client.cpp", "server.cpp", "*.hpp")
            for path in sorted(lab.glob(kind))]


def shared(lab):
    """The files of shared/ that a lab includes, or that these include, with their .cpp."""
    found, to_read = set(), code(lab)
    while to_read:
        for name in re.findall(r'^#include "(shared/.+)\.hpp"', to_read.pop().read_text(
                encoding="utf-8"), re.M):
            new = {path for end in (".cpp", ".hpp") if (path := ROOT / (name + end)).is_file()}
            to_read += new - found
            found |= new
    return sorted(found)


def page(lab, language="en"):
    return (lab / PAGES[language]).read_text(encoding="utf-8")


def title(lab, language="en"):
    """The first line of the lab's page."""
    return page(lab, language).split("\n", 1)[0].removeprefix("# ")


def introduction(lab, language="en"):
    """The paragraph below it."""
    return page(lab, language).split("\n\n")[1]


def idea(lab, language="en"):
    """The first sentence of that."""
    return re.sub(r"([.!?]) .*", r"\1", introduction(lab, language).replace("\n", " "))


def section(lab, heading, language="en"):
    """What stands below the heading that begins so, up to the next one; "" if there is none."""
    found = re.search(rf"^## {heading[language]}[^\n]*\n(.*?)(?=^## |\Z)",
                      page(lab, language), re.M | re.S)
    return found[1].strip("\n") if found else ""
