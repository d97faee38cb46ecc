"""A lab's server in a scratch folder, as a process that is watched."""

import glob
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time

from conversations import PATIENCE

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Wrong(Exception):
    """The server does not do what it must."""


class NotTried(Exception):
    """This machine does not allow it."""


def require(condition, why):
    if not condition:
        raise Wrong(why)


def program(lab, name):
    """The path of a lab's server or client."""
    return glob.glob(os.path.join(glob.escape(ROOT), f"lab{lab}_*", name))[0]


def wait_until(condition):
    """True as soon as `condition` is; False if it never is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.002)
    return False


ports = itertools.count(20_000)  # below those that the system gives to clients


def free_port(lab):
    """One that no other server of this run is given."""
    return next(port for port in ports if not is_bound(port, lab))


def is_bound(port, lab):
    """Whether a socket listens on it; for UDP, whether one is bound to it."""
    tables, state = (("udp", "udp6"), "07") if lab == 10 else (("tcp", "tcp6"), "0A")
    for table in tables:
        with open(f"/proc/net/{table}") as rows:
            for row in rows.readlines()[1:]:
                fields = row.split()
                if fields[1].endswith(f":{port:04X}") and fields[3] == state:
                    return True
    return False


class Server:
    """Started under `wrapper`, a command that becomes the server or runs it as the same process."""

    def __init__(self, lab, wrapper=(), folder=None):
        self.lab = lab
        self.port = free_port(lab)
        self.keeps_folder = folder is not None
        self.folder = folder or tempfile.mkdtemp(prefix="torture.")
        command = [part.replace("FOLDER", self.folder) for part in wrapper]
        with open(self.file("stderr"), "wb") as said:
            self.process = subprocess.Popen([*command, program(lab, "server"), str(self.port)],
                                            cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=said,
                                            start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if not self.keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        try:
            with open(self.file(name), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def is_ready(self):
        """Waits until it listens, or has ended; whether it listens."""
        wait_until(lambda: self.has_ended() or is_bound(self.port, self.lab))
        return not self.has_ended()

    def must_listen(self):
        require(self.is_ready(), "it does not start")

    def must_come_to_rest_and_stop(self):
        require(not self.has_ended(), "it has ended")
        require(self.is_idle(), "it does not come to rest")
        status = self.stop()
        require(status == 0, f"SIGTERM ended it with {status}")

    def has_ended(self):
        return self.process.poll() is not None

    def ends(self):
        """Its exit status, or None if it does not end."""
        return self.process.returncode if wait_until(self.has_ended) else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.ends()

    def is_idle(self):
        """True once it has been found asleep twenty times in a row, or has ended."""
        asleep = 0

        def found_asleep():
            nonlocal asleep
            if self.has_ended():
                return True
            with open(f"/proc/{self.process.pid}/stat") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
            asleep = asleep + 1 if state == "S" else 0
            return asleep == 20
        return wait_until(found_asleep)

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def errors(self):
        """The lines about an error that it ends with."""
        return [line for line in self.read("stderr").splitlines() if "[server] error: " in line]
