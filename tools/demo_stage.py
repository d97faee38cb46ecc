"""The stage of `tools/demo`: starts programs on pseudo-terminals, types for them, and shows what
both sides say, the server on the left and the client on the right.

A scene (see demo_scenes.py) says who speaks next; nothing is shown before it has really been said,
and what does not come within PATIENCE ends the scene with a Failure.
"""

import fcntl
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import textwrap
import time

PATIENCE = 20  # seconds until something that must come has failed to come
COLOURS = {"server": "36", "client": "32", "typed": "1;33", "output": "1", "title": "1;35",
           "remark": "3;35", "failure": "1;31"}


class Failure(Exception):
    """The conversation did not go as it must."""


class Screen:
    """Writes rows, each beginning in its speaker's column; the last one may still be open."""

    def __init__(self, pause):
        self.terminal = sys.stdout.isatty()
        self.coloured = self.terminal and not os.environ.get("NO_COLOR")
        self.width = max(60, shutil.get_terminal_size((80, 24)).columns)
        self.pause = pause if self.terminal else 0  # seconds after each row, for the eye
        self.client_column = self.width * 45 // 100
        self.open_by = None  # the speaker whose row has no end yet
        self.prompted = ""   # and what stands in it
        sys.stdout.reconfigure(errors="replace")

    def write(self, text, style=None):
        if style and self.coloured:
            text = f"\x1b[{COLOURS[style]}m{text}\x1b[0m"
        sys.stdout.write(text)
        sys.stdout.flush()

    def end_row(self):
        if self.open_by:
            self.write("\n")
        self.open_by = None

    def room(self, speaker):
        """How many characters a row of the speaker's can hold."""
        return self.width - speaker.column - len(speaker.label) - 1

    def row(self, speaker, text, style):
        """A whole line of a speaker's, on as many rows as it takes."""
        self.end_row()
        indent = " " * speaker.column
        for row in textwrap.wrap(printable(text), self.room(speaker), subsequent_indent="    ",
                                 break_on_hyphens=False) or [""]:
            self.write(indent + speaker.label)
            self.write(row + "\n", style)
        time.sleep(self.pause)

    def prompt(self, speaker, text):
        """The beginning of a row that is going to be typed on."""
        self.end_row()
        self.write(" " * speaker.column + speaker.label)
        self.write(text, speaker.side)
        self.open_by = speaker
        self.prompted = text

    def typed(self, speaker, text):
        """What a person types, key by key, to the end of the row."""
        if self.open_by is not speaker:
            self.prompt(speaker, "")
        if len(self.prompted + text) > self.room(speaker):
            self.write("\n" + " " * (speaker.column + len(speaker.label) + 4))
        for key in text:
            self.write(key, "typed")
            time.sleep(self.pause / 4)
        self.end_row()

    def title(self, number, name, paragraphs):
        self.write("\n" + f"Lab {number}: {name} ".ljust(self.width - 1, "─") + "\n", "title")
        for paragraph in paragraphs:
            for row in textwrap.wrap(paragraph, self.width - 2, initial_indent=" ",
                                     subsequent_indent=" "):
                self.write(row + "\n", "remark")
        self.write("\n SERVER".ljust(self.client_column + 1), "server")
        self.write("CLIENT\n", "client")


def printable(text):
    """Control characters as \\xNN: whatever a program says, it does not steer this terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)


class Program:
    """A server or a client at work, with a person at its terminal."""

    def __init__(self, stage, side, command, folder, label):
        self.stage, self.screen, self.side = stage, stage.screen, side
        self.column = 1 if side == "server" else self.screen.client_column
        self.label = f"{label} " if label else ""
        self.folder = folder
        self.waiting = b""   # said, and not shown yet
        self.lines = []      # shown
        self.unechoed = []   # typed, and not yet echoed by the terminal
        self.closed = False

        try:
            self.terminal, slave = os.openpty()
        except OSError as error:
            raise Failure(f"no terminal to be had ({error}); is /dev/pts mounted?") from None
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST                   # a newline stays a newline
        attributes[3] |= termios.ECHO | termios.NOFLSH    # Ctrl-C throws nothing away
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        os.makedirs(folder, exist_ok=True)
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        os.set_blocking(self.terminal, False)
        self.screen.typed(self, f"$ ./{side} {' '.join(command[1:])}".rstrip())

    # ---- What it says

    def says(self, text):
        """Shows its lines up to one that has `text` in it, and returns that one."""
        return self._show_until(lambda line: text in line, f"say “{text}”")

    def shows(self, line):
        """Shows its lines up to one that is `line` and nothing else."""
        return self.shows_one_of({line})

    def shows_one_of(self, lines):
        """The same for whichever of them comes first, which it returns."""
        wanted = "” or “".join(sorted(lines))
        return self._show_until(lambda shown: shown in lines, f"show “{wanted}”")

    def asks(self, prompt):
        """Waits for the prompt, and leaves it at the end of the row, for types()."""
        def is_there():
            self._show_lines(lambda line: False)
            return self.waiting == prompt.encode()
        self.stage.wait(is_there, f"the {self.side} did not ask “{prompt}”", self)
        self.waiting = b""
        self.screen.prompt(self, prompt)

    def ends(self, status=0):
        """Shows all that is left; its exit status must be `status` (-N: ended by signal N)."""
        self.stage.wait(lambda: self.closed, f"the {self.side} did not end", self)
        self.show_rest()
        try:
            ended = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"the {self.side} closed its terminal, and did not end") from None
        if ended != status:
            raise Failure(f"the {self.side} ended with status {ended}, not {status}")

    def show_rest(self):
        """All that is there, the beginning of a line as well."""
        self._show_lines(lambda line: False)
        if self.waiting:
            self._show(self.waiting.decode(errors="replace"))
            self.waiting = b""

    def log_says(self, text):
        """Waits for a line with `text` in the server.log of its folder; shows nothing."""
        path = os.path.join(self.folder, "server.log")
        def is_there():
            if not os.path.exists(path):
                return False
            with open(path, encoding="utf-8", errors="replace") as log:
                return any(text in line for line in log if line.endswith("\n"))
        self.stage.wait(is_there, f"the server's log did not say “{text}”", self)

    def _show_until(self, wanted, what):
        found = []
        def is_there():
            found.extend(self._show_lines(wanted))
            return found
        self.stage.wait(is_there, f"the {self.side} did not {what}", self)
        return found[0]

    def _show_lines(self, wanted):
        """Shows the lines that are there up to a wanted one, which it returns in a list."""
        while b"\n" in self.waiting:
            line, self.waiting = self.waiting.split(b"\n", 1)
            line = line.decode(errors="replace")
            self._show(line)
            if wanted(line):
                return [line]
        return []

    def _show(self, line):
        self.lines.append(line)
        is_message = re.match(r"\[(server|client)\] ", line)
        self.screen.row(self, line, self.side if is_message else "output")

    # ---- What is typed

    def types(self, line):
        """The line, and Enter."""
        self.screen.typed(self, line + " ⏎")
        self._press(line.encode() + b"\n", echo=line.encode() + b"\n")

    def types_unseen(self, line):
        """The same, once the program has switched the echo off."""
        self.stage.wait(lambda: not termios.tcgetattr(self.terminal)[3] & termios.ECHO,
                        f"the {self.side} did not hide what is typed", self)
        self.screen.typed(self, "(not shown) ⏎")
        self._press(line.encode() + b"\n", echo=b"\n")

    def presses_ctrl_c(self):
        self.screen.typed(self, "Ctrl-C")
        self._press(b"\x03", echo=b"^C")

    def presses_ctrl_d(self):
        self.screen.typed(self, "Ctrl-D")
        self._press(b"\x04", echo=b"")

    def dies(self):
        """By kill -9."""
        self.screen.typed(self, "kill -9")
        os.killpg(self.process.pid, signal.SIGKILL)
        self.ends(-signal.SIGKILL)

    def _press(self, keys, echo):
        if echo:
            self.unechoed.append(echo)
        os.write(self.terminal, keys)

    # ---- For the stage

    def read(self):
        """Takes what the program has said. What it was typed comes back too, and is left out."""
        try:
            said = os.read(self.terminal, 65536)
        except OSError:  # EIO: it has closed its terminal
            said = b""
        self.closed = not said
        self.waiting += said
        while self.unechoed and self.unechoed[0] in self.waiting:
            self.waiting = self.waiting.replace(self.unechoed.pop(0), b"", 1)
        # From lab 9 on a client erases the row that is being typed when something else comes.
        self.waiting = re.sub(rb"[^\n]*\r\x1b\[K", b"", self.waiting)

    def kill(self):
        """Ends the program, and whatever it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.terminal)


class Stage:
    """One scene: the pair of a lab, a scratch folder, and the screen."""

    def __init__(self, screen, lab):
        self.screen, self.lab = screen, lab
        self.programs = []
        self.selector = selectors.DefaultSelector()
        self.scratch = tempfile.TemporaryDirectory(prefix="demo-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.kill()
        self.selector.close()
        self.scratch.cleanup()
        self.screen.end_row()

    def server(self, *arguments, label=""):
        return self._start("server", arguments, label)

    def client(self, *arguments, label=""):
        return self._start("client", arguments, label)

    def _start(self, side, arguments, label):
        command = [os.path.join(self.lab, side), *map(str, arguments)]
        folder = os.path.join(self.scratch.name, f"{side} {label}".strip())
        program = Program(self, side, command, folder, label)
        self.programs.append(program)
        self.selector.register(program.terminal, selectors.EVENT_READ, program)
        return program

    def wait(self, condition, complaint, program):
        """Listens to all programs until `condition` holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if program.closed and not condition():
                raise Failure(f"{complaint}, and ended")
            if time.monotonic() > deadline:
                raise Failure(f"{complaint} within {PATIENCE} s")
            for key, _ in self.selector.select(0.02):
                key.data.read()
                if key.data.closed:
                    self.selector.unregister(key.fd)

    def check(self, holds, complaint):
        if not holds:
            raise Failure(complaint)

    def remark(self, text):
        """What happens besides, on the right."""
        self.screen.row(Aside(self.screen), f"({text})", "remark")

    def show_log(self, server):
        self.show_file(server, "server.log")

    def show_file(self, server, name):
        """`cat NAME`, in the server's folder."""
        speaker = Aside(self.screen, column=1)
        self.screen.typed(speaker, f"$ cat {name}")
        with open(os.path.join(server.folder, name), encoding="utf-8") as file:
            for line in file:
                self.screen.row(speaker, line.rstrip("\n").replace("\t", " "), "server")

    def show_rest(self):
        """What was said besides, when it went wrong."""
        for program in self.programs:
            program.show_rest()


class Aside:
    """A speaker who is none of the programs."""

    def __init__(self, screen, column=None):
        self.side, self.label = "remark", ""
        self.column = screen.client_column if column is None else column


def free_ports(count=1):
    """`count` ports in a row on which nobody listens."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = probe.getsockname()[1]
        if first + count <= 65535 and all(is_free(first + n) for n in range(count)):
            return first


def is_free(port):
    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family) as probe:
                probe.bind((everywhere, port))
        except OSError as error:
            if family == socket.AF_INET or has_ipv6():
                return False
    return True


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False
