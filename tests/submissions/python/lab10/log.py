"""The server's messages, in a file."""

import datetime
import os

import common
from common import reason


class Log:
    """Says on the console that it is broken, once an outage."""

    def __init__(self, path):
        self.path = path
        self.is_silent = False  # since a write has failed
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)

    def say(self, event, explanation):
        now = datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")
        line = f"{now} [server] {event}: {explanation}\n".encode()
        try:
            self.write(line)
            self.is_silent = False
        except OSError as error:
            if not self.is_silent:
                common.say("server", "error", f"write {self.path}: {reason(error)}")
            self.is_silent = True

    def write(self, line):
        written = os.write(self.descriptor, line)
        if written < len(line):  # the disk is full now: better no line than half of one
            size = os.fstat(self.descriptor).st_size
            os.truncate(self.descriptor, size - written)
            raise OSError(28, "No space left on device")


class Closed:
    """In place of a log that is not open."""

    def say(self, event, explanation):
        common.say("server", event, explanation)


current = Closed()


def open_log(path):
    global current
    current = Log(path)


def say(event, explanation):
    current.say(event, explanation)
