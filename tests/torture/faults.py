"""Every system call of a server's fails once, in turn: strace makes it so."""

import re
import signal

from conversations import Refused, talk
from servers import Server

# What may go wrong with a call. EINTR is nobody's fault: nothing may come of it. It stands with the
# calls that a stopped and continued process sees it from, without a handler: see signal(7).
FAULTS = {
    "socket": ("EMFILE", "ENOBUFS"),
    "setsockopt": ("ENOBUFS",),
    "bind": ("EACCES", "ENOMEM"),
    "listen": ("ENOMEM",),
    "accept": ("EINTR", "ECONNABORTED", "EMFILE", "ENOBUFS"),
    "recvfrom": ("EINTR", "ECONNRESET", "ENOMEM"),
    "sendto": ("EINTR", "EPIPE", "ECONNRESET", "ENOBUFS"),
    "shutdown": ("ENOTCONN",),
    "poll": ("EINTR", "ENOMEM"),
    "read": ("EIO",),
    "write": ("ENOSPC", "EIO"),
    "openat": ("EMFILE", "EACCES"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "EROFS"),
    "pipe2": ("EMFILE",),
    "fcntl": ("ENOMEM",),
    "clone3": ("EAGAIN",),
    "rt_sigtimedwait": ("EINTR",),
}
# strace counts each thread's calls by themselves, so of a server with several that write it would
# break two at once.
THREADS_WRITE = (9,)
START = re.compile(r'write\(\d+, "(\S+ )?\[server\] start')


def traced(*options):
    """A command under which the server runs: the tracer stands aside, so that the process that is
    started is the server's own."""
    return ("strace", "-D", "-f", "-qq", "-s", "100", "-o", "FOLDER/calls", *options)


def converse(server, number):
    """Why it did not work; None if it did."""
    try:
        talk(server.lab, server.port, number)
    except (Refused, OSError) as error:
        return str(error) or type(error).__name__
    return None


def calls_of(lab):
    """How often the main thread makes each call in two conversations: before it says that it starts
    (that is the loader's doing), and in all."""
    with Server(lab, traced("-e", "trace=" + ",".join(FAULTS))) as server:
        if not server.is_ready() or converse(server, 0):
            raise RuntimeError(f"lab {lab}: even without a fault its server does not work")
        if lab > 1:
            converse(server, 1)
            server.process.send_signal(signal.SIGTERM)
        server.ends()
        calls = server.read("calls").splitlines()
    main_thread = str(server.process.pid)
    before, total = {}, {}
    started = False
    for line in calls:
        thread, _, call = line.partition(" ")
        started = started or bool(START.search(call))
        name = call.strip().partition("(")[0]
        if thread != main_thread or name not in FAULTS:
            continue
        total[name] = total.get(name, 0) + 1
        if not started:
            before[name] = total[name]
    return {name: (before.get(name, 0), count) for name, count in total.items()}


def faults_of(lab, quick):
    """(call, which one, error): the first, the second and the last of each kind, with each error;
    the first alone, with one, if it shall be quick."""
    for name, (before, total) in sorted(calls_of(lab).items()):
        if name == "write" and lab in THREADS_WRITE:
            continue
        for which in [before + 1] if quick else sorted({before + 1, before + 2, total}):
            if before < which <= total:
                for error in FAULTS[name][-1:] if quick else FAULTS[name]:
                    yield name, which, error


def try_fault(lab, name, which, error):
    """What is wrong with the server's behaviour; None if it is as it must be."""
    inject = f"inject={name}:error={error}:when={which}"
    with Server(lab, traced("-e", f"trace={name}", "-e", inject)) as server:
        if server.is_ready():
            first = converse(server, 0)
            if first and error == "EINTR":
                return f"an interrupted call was taken for a failure: {first}"
            if lab > 1:
                wrong = judge_survivor(server)
                if wrong != "it has ended":
                    return wrong
        return judge_end(server)


def judge_survivor(server):
    wrong = converse(server, 1) and converse(server, 2)  # the fault may have been the second's
    # A process that ends closes its sockets first: who is refused may be before its end is seen.
    if wrong and server.ends() is None:
        return f"the next client was not served: {wrong}"
    if server.has_ended():
        return "it has ended"
    idle = server.is_idle()
    if server.has_ended():
        return "it has ended"
    if not idle:
        return "it does not come to rest"
    status = server.stop()
    return None if status == 0 else f"SIGTERM ended it with {status}"


def judge_end(server):
    status = server.ends()
    if status is None:
        return "it neither serves nor ends"
    if status == 0 and server.lab == 1:
        return None  # its one client has left
    if status != 1:
        return f"it ended with {status}"
    errors = server.errors()
    return None if len(errors) == 1 else f"it ended with {len(errors)} errors: {errors}"
