"""The values in strace's text: numbers, strings, descriptors, lists and structures."""

import re


class Descriptor(int):
    """A file descriptor, and what strace says of it: 4<TCP:[127.0.0.1:9090->127.0.0.1:50000]>"""
    about = ""


class Values:
    """Takes the values of a call's arguments one by one from strace's text:

      bytes for "text" (its beginning, if "..." follows), int for 12, Descriptor for 3</a/file>,
      list for [a, b], dict for {name=value},
      str for everything else, such as AF_INET and htons(9090)."""

    WORD = re.compile(r"""(?:[^\s,<>()\[\]{}"=]|<<|\([^()]*\))+""")
    STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?', re.DOTALL)

    END = re.compile(r"\s*$")

    def __init__(self, text, position=0):
        self.text, self.position = text, position

    def until(self, closing):
        """Values up to and with the closing bracket; up to the end where that is missing."""
        values = []
        while not self.at_end() and not self.skip(closing):
            before = self.position
            values.append(self.value())
            self.skip(",")
            if self.position == before:  # not known: leave it out rather than stand still
                self.position += 1
        return values

    def value(self):
        value = self.simple_value()
        if self.skip("=>"):  # how it was => what the call made of it
            self.simple_value()
        return value

    def simple_value(self):
        self.skip(" ")
        if self.skip("["):
            return self.until("]")
        if self.skip("{"):
            return self.structure()
        found = self.STRING.match(self.text, self.position)
        if found:
            self.position = found.end()
            return unescape(found[1])
        found = self.WORD.match(self.text, self.position)
        if not found:
            return ""
        self.position = found.end()
        return self.number_or_word(found[0])

    def number_or_word(self, word):
        annotation = self.annotation()
        if not re.fullmatch(r"-?\d+", word):
            return word
        if annotation is None:
            return int(word)
        descriptor = Descriptor(word)
        descriptor.about = annotation
        return descriptor

    def annotation(self):
        """<what is behind a descriptor>, which may have "<", "->" and "=>" in it."""
        if not self.text.startswith("<", self.position):
            return None
        depth = 0
        for end in range(self.position, len(self.text)):
            if self.text[end] == "<":
                depth += 1
            elif self.text[end] == ">" and self.text[end - 1] not in "-=":
                depth -= 1
            if depth == 0:
                break
        found = self.text[self.position + 1:end]
        self.position = end + 1
        return found

    def structure(self):
        """{name=value, ...}; a value without a name has its number for one."""
        members = {}
        while not self.at_end() and not self.skip("}"):
            before = self.position
            name = re.compile(r"\s*(\w+)=(?!>)").match(self.text, self.position)
            if name:
                self.position = name.end()
            members[name[1] if name else str(len(members))] = self.value()
            self.skip(",")
            if self.position == before:
                self.position += 1
        return members

    def skip(self, what):
        found = re.compile(r"\s*" + re.escape(what)).match(self.text, self.position)
        if found:
            self.position = found.end()
        return bool(found)

    def at_end(self):
        return bool(self.END.match(self.text, self.position))


ESCAPES = {"n": 10, "t": 9, "r": 13, "v": 11, "f": 12, "a": 7, "b": 8}


def unescape(text):
    """The bytes that strace's text stands for: \\n, \\", \\\\, \\0, \\320, \\xd0."""
    def byte(found):
        code = found[1]
        if code[0] in "01234567":
            return chr(int(code, 8))
        return chr(int(code[1:], 16) if code[0] == "x" else ESCAPES.get(code, ord(code[0])))
    text = re.sub(r"\\([0-7]{1,3}|x[0-9a-f]{2}|.)", byte, text, flags=re.DOTALL)
    return text.encode("latin-1", "replace")
