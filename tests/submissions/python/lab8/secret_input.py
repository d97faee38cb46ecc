"""A line that nobody else is to see."""

import contextlib
import os
import select
import signal
import sys
import termios

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


def secret_line():
    """A line of standard input that a terminal does not show."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline()
    with signals_in_a_pipe() as signals, echo_off():
        # A signal wakes select() however shortly before it the signal came.
        select.select([0, signals], [], [])
        if not select.select([signals], [], [], 0)[0]:
            return sys.stdin.buffer.readline()
        number = os.read(signals, 1)[0]
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
