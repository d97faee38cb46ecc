"""A machine is a network namespace: interfaces, addresses, routes and ports of its own (see
network_namespaces(7)). Files and processes are shared with the real machine.

A namespace lives as long as somebody holds it: here, a descriptor of this process. So all of it is
gone with the process, however that ends, and no name of it was ever in the file system.
"""

import ctypes
import errno
import os
import subprocess

CLONE_NEWNET = 0x40000000   # <linux/sched.h>
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1        # <linux/prctl.h>
SIGKILL = 9

libc = ctypes.CDLL(None, use_errno=True)


class NotAllowed(Exception):
    """This machine, or this user, may not have network namespaces."""


def call(function, *arguments):
    """A call of the C library that Python 3.11 has not."""
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)


def may_have_machines():
    """As root, a process may; anybody else may within a user namespace of its own, in which that
    user is root. Some systems allow neither."""
    user, group = os.getuid(), os.getgid()
    try:
        try:
            call("unshare", CLONE_NEWNET)
        except PermissionError:
            call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
            write("/proc/self/setgroups", "deny")  # or the next two are refused
            write("/proc/self/uid_map", f"0 {user} 1")
            write("/proc/self/gid_map", f"0 {group} 1")
    except OSError as error:
        raise NotAllowed(f"{error.filename}: {error.strerror}") from None


class Machine:
    """It is made inside: whatever this process does next, it does there."""

    def __init__(self, name):
        self.name = name
        call("unshare", CLONE_NEWNET)
        self.namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def enter(self):
        """From now on sockets, and programs that are started, are on this machine."""
        call("setns", self.namespace, CLONE_NEWNET)

    def configure(self, commands, others=()):
        """Commands of ip(8), one a line; a word {name} in them is the machine of that name."""
        self.enter()
        paths = {other.name: f"/proc/self/fd/{other.namespace}" for other in others}
        try:
            ran = subprocess.run(["ip", "-batch", "-"], input=commands.format(**paths),
                                 capture_output=True, text=True,
                                 pass_fds=[other.namespace for other in others])
        except FileNotFoundError:
            raise RuntimeError("there is no ip(8) here; ./setup installs it") from None
        if ran.returncode != 0:
            refused = any(os.strerror(number) in ran.stderr
                          for number in (errno.EPERM, errno.EOPNOTSUPP))
            raise (NotAllowed if refused else RuntimeError)(f"ip: {ran.stderr.strip()}")

    def set(self, name, value):
        """What sysctl(8) does."""
        self.enter()
        try:
            write("/proc/sys/" + name, value)
        except OSError as error:
            raise NotAllowed(f"{error.filename}: {error.strerror}") from None


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def die_with_parent():
    """For a child, before it becomes another program: that none is left behind."""
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL)
