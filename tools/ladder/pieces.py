"""What a line of the picture is made of: pieces of text with a style each, one of which may be a
Payload, which can be shortened.
"""

import re
import unicodedata
from dataclasses import dataclass, field


@dataclass
class Payload:
    units: list        # characters, and escapes such as \n, which are not to be cut
    whole: bool = True

    style = "data"

    def text(self, room=None):
        """In quotes, on at most `room` columns."""
        units, ellipsis = self.units, "" if self.whole else "…"
        if room is not None and width(units) + len(ellipsis) + 2 > room:
            units, ellipsis = units[:fitting(units, room - 3)], "…"
        if ellipsis and units[-1:] == ["…"]:  # a token, which is never shown whole
            ellipsis = ""
        return '"' + "".join(units) + ellipsis + '"'

    def in_ascii(self):
        """The same with an escape for every byte that is none: "\\xd0\\x9f"."""
        return Payload([unit if unit.isascii() or unit == "…" else
                        "".join(f"\\x{byte:02x}" for byte in unit.encode())
                        for unit in self.units], self.whole)


@dataclass
class Piece:
    content: str
    style: str = "plain"

    def text(self, room=None):
        return self.content

    def in_ascii(self):
        return self


@dataclass
class Line:
    head: list                                # the call
    tail: list = field(default_factory=list)  # what it returned

    def in_ascii(self):
        return Line([piece.in_ascii() for piece in self.head],
                    [piece.in_ascii() for piece in self.tail])


LENGTH = re.compile(rb"(\0[\0-\x10]..)", re.DOTALL)
ESCAPES = {"\0": "\\0", "\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def units_of(data):
    """Characters of the text, and escapes for what is none: "Привет", "\\n", "\\x1b", "\\xd0".

    Four bytes that are a number of a million or less are a length, as labs 8 and 9 send it."""
    units = []
    for place, part in enumerate(re.split(LENGTH, data)):
        if place % 2:
            units += [f"\\x{byte:02x}" if byte else "\\0" for byte in part]
        else:
            units += text_units(part.decode("utf-8", "surrogateescape"))
    return units


def text_units(text):
    units = []
    for character in text:
        if character in ESCAPES:
            units.append(ESCAPES[character])
        elif "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8
            units.append(f"\\x{ord(character) - 0xdc00:02x}")
        elif unicodedata.combining(character) and units:
            units[-1] += character
        elif character.isprintable():
            units.append(character)
        else:
            code = ord(character)
            units.append(f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    return units


def width(texts):
    """The columns that it takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else
               0 if unicodedata.combining(character) else 1
               for text in texts for character in text)


def fitting(units, room):
    """How many of the units fit."""
    for count in range(len(units), 0, -1):
        if width(units[:count]) <= room:
            return count
    return 0
