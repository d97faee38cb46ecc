"""Standard input, for select(): nothing is read ahead that select() would not know of."""

import contextlib
import os
import select
import signal
import termios

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


class Keyboard:
    def __init__(self):
        self.read = bytearray()  # and not yet given out
        self.has_ended = False

    def fileno(self):
        return 0

    def take(self):
        """Reads what is there."""
        try:
            some = os.read(0, 65536)
        except OSError:  # a terminal that is gone
            some = b""
        self.read += some
        self.has_ended = not some

    def has_line(self):
        return b"\n" in self.read or (self.has_ended and bool(self.read))

    def next(self):
        """The next line with its newline, which the last one may lack; b"" at the end."""
        end = self.read.find(b"\n") + 1 or len(self.read)
        line = bytes(self.read[:end])
        del self.read[:end]
        return line

    def line(self):
        """The same, and waits for it."""
        while not self.has_line() and not self.has_ended:
            self.take()
        return self.next()

    def secret_line(self):
        """The same, and a terminal does not show it."""
        if not os.isatty(0):
            return self.line()
        with signals_in_a_pipe() as signals, echo_off():
            while not self.has_line() and not self.has_ended:
                # A signal wakes select() however shortly before it the signal came.
                select.select([0, signals], [], [])
                if select.select([signals], [], [], 0)[0]:
                    number = os.read(signals, 1)[0]
                    break
                self.take()
            else:
                return self.next()
        # The terminal is as it was: now to end as anybody does.
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


@contextlib.contextmanager
def echo_off():
    before = termios.tcgetattr(0)
    quiet = termios.tcgetattr(0)
    quiet[3] = quiet[3] & ~termios.ECHO | termios.ECHONL
    termios.tcsetattr(0, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)


@contextlib.contextmanager
def signals_in_a_pipe():
    """Yields a descriptor that brings the number of each signal."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    try:
        yield reader
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(reader)
        os.close(writer)
