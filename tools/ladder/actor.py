"""A program at work under strace."""

import contextlib
import os
import select
import signal
import subprocess
import time

from .events import Program
from .proc import read_file

PATIENCE = 5  # seconds; what a program does not read by then is not typed
TRACED = ("network", "read", "readv", "write", "writev", "close", "?poll", "ppoll", "?select",
          "pselect6", "epoll_ctl", "?epoll_wait", "epoll_pwait", "?epoll_pwait2", "dup", "?dup2",
          "dup3", "fcntl", "?fork", "?vfork", "clone", "clone3", "exit_group", "rt_sigreturn",
          "restart_syscall", "openat", "fsync", "fdatasync", "?rename")
PAUSES = ("sendto", "sendmsg")  # after one of these it pauses: see Stage.settle()


class Actor:
    """A program at work under strace."""

    def __init__(self, stage, side, arguments, name, lane):
        self.stage = stage
        arguments = [str(argument) for argument in arguments]
        shown = [str(stage.ports.get(int(argument), argument)) if argument.isdigit() else argument
                 for argument in arguments]
        self.program = Program(side, " ".join([f"./{side}", *shown]), lane, name,
                               shown_files=stage.shown_files)
        folder = os.path.join(stage.scratch, name or side)
        os.makedirs(folder, exist_ok=True)
        self.marks = [0] * len(stage.steps)  # how long the log was at each step
        self.restless = False
        self.played = 0      # when it had its last turn
        self.pauses = set()  # its processes that have sent something
        self.at_work = []    # its threads that calculated when all others waited
        place = os.path.join(stage.scratch, str(len(stage.actors)))
        self.log, self.out, self.err = (place + end for end in (".strace", ".out", ".err"))
        command = ["strace", "-f", "-ttt", "-T", "-yy", "-q", "-s", "256",
                   "-e", "trace=" + ",".join(TRACED), "-o", self.log,
                   *([] if stage.relay else ["-e", f"inject={','.join(PAUSES)}:signal=SIGSTOP"]),
                   "--", os.path.join(stage.programs, side), *arguments]
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE,
                                            stdout=out, stderr=err, start_new_session=True,
                                            bufsize=0)
        os.set_blocking(self.process.stdin.fileno(), False)

    def types(self, line, **settling):
        self.put(line.encode() + b"\n", **settling)

    def put(self, data, **settling):
        """Bytes for its standard input, as far as it takes them."""
        self.stage.step()
        self.write(data)
        self.stage.settle(**settling)

    def write(self, data):
        deadline = time.monotonic() + PATIENCE
        while data and time.monotonic() < deadline:
            try:
                data = data[self.process.stdin.write(data) or 0:]
            except BrokenPipeError:  # it reads no more
                return
            select.select([], [self.process.stdin], [], 0.1 if data else 0)

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

    def hold(self):
        """It goes no further than its next system call: strace stands still, which must let it."""
        self.process.send_signal(signal.SIGSTOP)

    def let_go(self):
        self.process.send_signal(signal.SIGCONT)
        for process in self.pauses:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        self.pauses = set()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # strace's session is its own
        self.process.wait()
        self.process.stdin.close()
