"""What server and client have in common: service messages, the command line, failures."""

import argparse
import os
import re
import sys
import unicodedata

PORTION = 1024  # bytes that one recv() takes at most


def printable(text):
    """Text from outside, made harmless: no control character, no byte that is not UTF-8."""
    if isinstance(text, str):
        text = os.fsencode(text)
    decoded = text.decode("utf-8", "backslashreplace")
    return "".join(rf"\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in decoded)


def tell(text):
    """To the person, in one write. If it cannot be written there is nobody to tell."""
    try:
        os.write(2, text.encode())
    except OSError:
        pass


def say(role, event, explanation):
    tell(f"[{role}] {event}: {explanation}\n")


def write_output(data):
    """Every byte, at once; standard output's own buffer would hold it back in a pipe."""
    while data:
        data = data[os.write(1, data):]


def reason(error):
    """The system's own words where there are any, without Python's [Errno 111]."""
    return getattr(error, "strerror", None) or str(error)


class Failure(Exception):
    """What ends the program: its text is the one line that is said of it."""


class ProtocolError(Exception):
    """A peer has said what nobody may say."""


class Left(Exception):
    """The conversation is over; the text says how."""


def address_text(address):
    """127.0.0.1:9090 or [::1]:9090"""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class BadValue(argparse.ArgumentTypeError):
    """A value that will not do; the text says why, and what would."""


def port_number(text):
    # int() alone would take " 80", "+80" and "9_090" as well.
    if re.fullmatch("0*[0-9]{1,5}", text) and 1 <= int(text) <= 65535:
        return int(text)
    raise BadValue(f"'{shortened(text)}' is no port: a number from 1 to 65535")


def shortened(text):
    return printable(text[:60]) + ("..." if len(text) > 60 else "")


def judge(line, default, check):
    """What `check` makes of an answer, a line of input. None, and told why, if it will not do."""
    answer = line.removesuffix(b"\n").removesuffix(b"\r").strip(b" ")
    try:
        return check(os.fsdecode(answer) or default)
    except BadValue as problem:
        tell(f"{problem}\n")
        return None


class Parser(argparse.ArgumentParser):
    """Says what is wrong first, and then the usage; argparse has it the other way round."""

    def error(self, message):
        tell(f"{self.prog}: {printable(message)}\n{self.format_usage()}")
        sys.exit(2)

    def print_help(self, file=None):
        write_output(self.format_help().encode())


def run(role, program):
    """Runs `program` and makes an exit status of how it ends."""
    try:
        program()
    except Failure as failure:
        say(role, "error", failure)
        return 1
    except OSError as error:
        say(role, "error", reason(error))
        return 1
    return 0
