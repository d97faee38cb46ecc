"""Servers and clients at work, each on the machine that this process was on when it started them,
in a folder of its own. What they say goes into files there: `output`, and `messages` for standard
error; from lab 4 on a server's messages are in its server.log."""

import os
import re
import subprocess
import time

from machines.namespaces import die_with_parent

PATIENCE = 60  # seconds until something that must come has failed to come


class Failure(Exception):
    """The conversation did not go as it must."""


class Program:
    def __init__(self, command, folder, stdin):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.name = os.path.basename(command[0])
        with open(self._path("output"), "wb") as output, \
             open(self._path("messages"), "wb") as messages:
            self.process = subprocess.Popen(command, cwd=folder, stdin=stdin, stdout=output,
                                            stderr=messages, bufsize=0,
                                            preexec_fn=die_with_parent)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def said(self, *names):
        """What the files of these names have by now."""
        text = ""
        for path in filter(os.path.exists, map(self._path, names)):
            with open(path, encoding="utf-8", errors="replace") as file:
                text += file.read()
        return text

    def wait_until(self, condition, complaint):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None and not condition():
                raise Failure(f"the {self.name} {complaint}, and ended; {self.last_words()}")
            if time.monotonic() > deadline:
                raise Failure(f"the {self.name} {complaint} within {PATIENCE} s; "
                              f"{self.last_words()}")
            time.sleep(0.002)

    def must_end(self):
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"the {self.name} did not end within {PATIENCE} s; "
                          f"{self.last_words()}") from None
        if status != 0:
            raise Failure(f"the {self.name} ended with status {status}; {self.last_words()}")

    def last_words(self):
        lines = self.said("messages", "server.log").splitlines()
        return f"its last message: {lines[-1]}" if lines else "it said nothing"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()  # if it is still there
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()


class Server(Program):
    def __init__(self, lab, folder, port):
        super().__init__([os.path.join(lab, "server"), port], folder, subprocess.DEVNULL)
        self.wait_until(lambda: "[server] listen: " in self.messages(), "did not listen")

    def messages(self):
        return self.said("messages", "server.log")

    def stop(self):
        self.process.terminate()
        self.must_end()

    def peers(self):
        """Who has connected, as the server sees them."""
        return re.findall(r"\[server\] connect: (\S+)", self.messages())


class Client(Program):
    def __init__(self, lab, folder, host, port):
        super().__init__([os.path.join(lab, "client"), host, port], folder, subprocess.PIPE)

    def type(self, *lines):
        try:
            self.process.stdin.write("".join(line + "\n" for line in lines).encode())
        except BrokenPipeError:
            pass  # it has ended; must_end() tells how

    def ends_its_input(self):
        self.process.stdin.close()
