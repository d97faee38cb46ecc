"""Starts a server in a folder of its own, waits until it listens, and stops it."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TIME_LIMIT = 300  # seconds for whatever is waited for, on the busiest machine


class Missing(Exception):
    """A server that this machine does not have; the text says what is missing."""


def free_port(udp):
    """Below those that the system gives to whoever wants any, so nobody takes it meanwhile."""
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket(socket.AF_INET, kind) as probe:
            with contextlib.suppress(OSError):
                probe.bind(("", port))
                return port
    sys.exit("no port is free")


def is_listening(port, udp):
    """Whether somebody listens: asked without a connection, since lab 1 takes only one."""
    kind, state = ("udp", "07") if udp else ("tcp", "0A")
    for table in (kind, kind + "6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/net/{table}") as rows:
            next(rows)
            for row in rows:
                fields = row.split()
                if fields[3] == state and fields[1].endswith(f":{port:04X}"):
                    return True
                if fields[3] != state and not udp:
                    break  # those that listen come first; thousands in TIME_WAIT may follow
    return False


class Server:
    """`command` may hold {port}; `files` are put into its folder first."""

    def __init__(self, command, udp=False, files=None):
        self.port = free_port(udp)
        self.udp = udp
        self.command = [word.format(port=self.port) for word in command]
        self.files = files or {}

    def __enter__(self):
        program = shutil.which(self.command[0])
        if program is None:
            raise Missing(f"{self.command[0]} is not installed")
        self.folder = tempfile.mkdtemp(prefix="bench-")
        for name, text in self.files.items():
            with open(os.path.join(self.folder, name), "w", opener=private) as file:
                file.write(text)
        with open(os.path.join(self.folder, "said"), "wb") as said:
            self.process = subprocess.Popen(
                [os.path.abspath(program), *self.command[1:]], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_it_listens(self):
        end = time.monotonic() + TIME_LIMIT
        while not is_listening(self.port, self.udp):
            if self.process.poll() is not None or time.monotonic() > end:
                with open(os.path.join(self.folder, "said"), errors="replace") as said:
                    why = said.read().strip() or "it does not listen"
                if self.process.returncode == 77:
                    raise Missing(why)
                sys.exit(f"{' '.join(self.command)}: {why}")
            time.sleep(0.002)

    def peak_memory(self):
        """In MB; None if it has ended."""
        with contextlib.suppress(FileNotFoundError), \
                open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return None

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=2)
        shutil.rmtree(self.folder)


def private(path, flags):
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def on_one_processor(process):
    """For round trips: `process` and what is started meanwhile share a processor. Else the time is
    mostly that of waking up another one, if it happens to sleep."""
    all_of_them = os.sched_getaffinity(0)
    first = {min(all_of_them)}
    threads = [0, *map(int, os.listdir(f"/proc/{process.pid}/task"))]
    for thread in threads:
        os.sched_setaffinity(thread, first)
    yield
    os.sched_setaffinity(0, all_of_them)
    with contextlib.suppress(ProcessLookupError):  # lab 1 has ended
        for thread in threads:
            os.sched_setaffinity(thread, all_of_them)


def run_load(name, *arguments):
    """What a load has measured: pairs of a figure's name and its value."""
    command = [f"build/bench/{name}", *map(str, arguments)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=TIME_LIMIT)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.strip() or 'it failed'}")
    pairs = (line.split("\t") for line in result.stdout.splitlines())
    return [(figure, float(value)) for figure, value in pairs]
