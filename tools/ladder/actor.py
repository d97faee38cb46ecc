"""A program at work under strace."""

import os
import signal
import subprocess

from .events import Program
from .proc import read_file

TRACED = ("network", "read", "readv", "write", "writev", "close", "?poll", "ppoll", "?select",
          "pselect6", "epoll_ctl", "?epoll_wait", "epoll_pwait", "?epoll_pwait2", "dup", "?dup2",
          "dup3", "fcntl", "?fork", "?vfork", "clone", "clone3", "exit_group", "rt_sigreturn",
          "restart_syscall", "openat", "fsync", "fdatasync", "?rename")


class Actor:
    """A program at work under strace."""

    def __init__(self, stage, side, arguments, name, lane, folder, traced):
        self.stage, self.traced = stage, traced
        arguments = [str(argument) for argument in arguments]
        shown = [str(stage.ports.get(int(argument), argument)) if argument.isdigit() else argument
                 for argument in arguments]
        self.program = Program(side, " ".join([f"./{side}", *shown]), lane, name,
                                            shown_files=stage.shown_files)
        self.folder = os.path.join(stage.scratch, folder)
        os.makedirs(self.folder, exist_ok=True)
        place = os.path.join(stage.scratch, str(len(stage.actors)))
        self.log, self.out, self.err = (place + end for end in (".strace", ".out", ".err"))
        command = [os.path.join(stage.programs, side), *arguments]
        if traced:
            command = ["strace", "-f", "-ttt", "-T", "-yy", "-q", "-s", "256", "-e",
                       "trace=" + ",".join(TRACED), "-o", self.log, "--", *command]
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE,
                                            stdout=out, stderr=err, start_new_session=True)

    def types(self, line, **settling):
        self.put(line.encode() + b"\n", **settling)

    def put(self, data, **settling):
        """Bytes for its standard input."""
        self.stage.step()
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it does not read any more
        self.stage.settle(**settling)

    def ends_input(self):
        """What Ctrl-D does on a terminal."""
        self.stage.step()
        self.process.stdin.close()
        self.stage.settle()

    def shows(self, text):
        """Waits until this has come out of its standard output."""
        self.stage.wait(lambda: text.encode() in read_file(self.out), self)

    def shows_error(self, text):
        """The same for standard error."""
        self.stage.wait(lambda: text.encode() in read_file(self.err), self)

    def gets(self, signal_number):
        """A signal for the program, not for strace, which passes none on."""
        self.stage.step()
        first = read_file(self.log).split(b" ", 1)[0] if self.traced else b""
        if self.process.poll() is None:
            os.kill(int(first) if first else self.process.pid, signal_number)
        self.stage.settle()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # strace's session is its own
        self.process.wait()
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
