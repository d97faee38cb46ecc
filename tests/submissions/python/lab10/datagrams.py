"""What datagrams look like: a line of words and, below it, perhaps a text."""

import re
import unicodedata

from common import ProtocolError

MAX_DATAGRAM = 1200  # bytes
MAX_TEXT = 1000  # bytes
MAX_NICK = 32  # characters


def make(*words, text=None):
    line = " ".join(str(word) for word in words)
    return (line if text is None else f"{line}\n{text}").encode()


def parse(datagram):
    """(words, text), where text is None if there is none."""
    if len(datagram) > MAX_DATAGRAM:
        raise ProtocolError("too long")
    try:
        line, newline, text = datagram.decode().partition("\n")
    except UnicodeDecodeError:
        raise ProtocolError("no UTF-8") from None
    return line.split(" "), text if newline else None


def has_control_character(text):
    return any(unicodedata.category(character) == "Cc" for character in text)


def is_text(text):
    return (text is not None and len(text.encode()) <= MAX_TEXT
            and not has_control_character(text.replace("\t", "")))


def is_nick(nick):
    return (1 <= len(nick) <= MAX_NICK and " " not in nick and nick != "..."
            and not has_control_character(nick))


def parse_number(word):
    if not re.fullmatch("[1-9][0-9]{0,17}", word):
        raise ProtocolError("no number")
    return int(word)
