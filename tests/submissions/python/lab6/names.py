"""Who has been here: a name for each IP address, in names.json."""

import json
import os
import unicodedata

MAX_NAME = 32  # characters


def parse_name(answer):
    """The name that is in these bytes; ValueError says what is wrong with it."""
    try:
        name = answer.decode().strip(" ")
    except UnicodeDecodeError:
        raise ValueError("That is no UTF-8") from None
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"A name has 1 to {MAX_NAME} characters")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError("A name has no control characters")
    return name


class Names:
    def __init__(self, path):
        self.path = path
        self.of = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.of = json.load(file)

    def add(self, address, name):
        """On the disk first: what cannot be kept there is not known."""
        names = self.of | {address: name}
        replace_file(self.path, json.dumps(names, ensure_ascii=False, indent=1).encode())
        self.of = names


def replace_file(path, content):
    """Old or new, but never half of it, whenever the power fails."""
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(path + ".new", path)
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
