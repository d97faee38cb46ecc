"""What a machine does to the server on it: the time of day jumps, the disk is full."""

import contextlib
import datetime
import os
import subprocess

from conversations import PASSWORD, Member, answer_all, connect, get_in, talk
from servers import ROOT, NotTried, Server, require, wait_until

HOUR = 3600  # seconds
JUMPING = ("env", f"LD_PRELOAD={ROOT}/build/torture/jumping_clock.so", "CLOCK_SHIFT=FOLDER/shift")
CLOSE = datetime.timedelta(minutes=10)  # as near as a line's time must be to the clock's
SMALL_DISK = "mount -t tmpfs -o size=256k torture . && cd \"$PWD\" && exec \"$@\""


# ---- The time of day jumps -----------------------------------------------------------------------

def set_clock(server, hours):
    """To so many hours after the right time."""
    with open(server.file("shift.new"), "w") as file:
        file.write(str(hours * HOUR))
    os.rename(server.file("shift.new"), server.file("shift"))


def jumps(server):
    """The clock is a day and an hour ahead, then an hour less, then an hour late."""
    for hours in (25, 24, -1):
        set_clock(server, hours)
        yield hours


def clock_jumps(lab):
    """Who is there does not notice, who comes is served; and the log goes on, at the new time."""
    with Server(lab, JUMPING) as server:
        server.must_listen()
        with somebody(lab, server.port) as says_something:
            for _ in jumps(server):
                says_something()
        for number, hours in enumerate(jumps(server), 1):
            talk(lab, server.port, number)
            if lab >= 4:
                must_have_logged_at(server, hours)
        server.must_come_to_rest_and_stop()


@contextlib.contextmanager
def somebody(lab, port):
    """Who is in, and stays. The value is called to let them say something that is answered."""
    if lab == 10:
        with Member(port, "anna") as member:
            yield lambda: member.ask(f"PING {member.token}", "PONG")
            member.leave()
        return
    with connect(lab, port, 0) as messages:
        get_in(lab, messages, 0)

        def says_something():
            messages.say("still here")
            messages.expect("still here")
        yield says_something
        messages.say("exit")
        messages.expect_end()


def must_have_logged_at(server, hours):
    last = server.read("server.log").splitlines()[-1]
    logged = datetime.datetime.fromisoformat(last.split(" ")[0])
    expected = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    require(abs(logged - expected) < CLOSE, f"it is {expected}, and the log goes on with {last}")


def sessions_end_by_the_clock(lab):
    """A session ends a day after its login as the clock on the wall has it, and does not come back
    to life when that is put back. Guessing passwords is no cheaper with a clock that jumps."""
    with Server(lab, JUMPING) as server:
        server.must_listen()
        first = talk(lab, server.port, 0)
        must_be_welcome(lab, server.port, first)
        set_clock(server, 25)
        must_have_ended(lab, server.port, first)
        second = talk(lab, server.port, 1)
        for hours in (24, -1):
            set_clock(server, hours)
            must_be_welcome(lab, server.port, second)
            must_have_ended(lab, server.port, first)
        set_clock(server, 25 + 24)
        must_have_ended(lab, server.port, second)
        for _ in range(2):
            guess_three_passwords(lab, server.port)
        set_clock(server, 25 + 24 + 1)
        must_be_locked_out(lab, server.port)
        server.must_come_to_rest_and_stop()


def show_token(messages, token):
    messages.expect("ASK token ")
    messages.say(token)


def must_be_welcome(lab, port, token):
    with connect(lab, port, 5) as messages:
        show_token(messages, token)
        messages.expect("OK Welcome back, ")


def must_have_ended(lab, port, token):
    with connect(lab, port, 5) as messages:
        show_token(messages, token)
        messages.expect("ERR ")
        messages.expect("ASK name ")


def give_name_of_first_guest(messages):
    show_token(messages, "")
    messages.expect("ASK name ")
    messages.say("Guest 0")
    messages.expect("ASK password ")


def guess_three_passwords(lab, port):
    with connect(lab, port, 5) as messages:
        give_name_of_first_guest(messages)
        for guess in range(3):
            if guess > 0:
                messages.expect("ASK password ")
            messages.say(f"no idea {guess}")
            messages.expect("ERR ")
        messages.expect_end()


def must_be_locked_out(lab, port):
    """Even with the right password."""
    with connect(lab, port, 5) as messages:
        give_name_of_first_guest(messages)
        messages.say(PASSWORD)
        messages.expect("ERR ")
        messages.expect_end()


# ---- The disk is full ----------------------------------------------------------------------------

def disk_is_full(lab):
    """Who is known is served, who is not is told that it does not work; with room again, all is as
    before. The console hears of it once."""
    with Server(lab, on_a_small_disk()) as server:
        server.must_listen()
        token = talk(lab, server.port, 0)
        disk = f"/proc/{server.process.pid}/cwd"  # which is mounted for the server alone
        fill(f"{disk}/ballast", b"." * 4096)
        fill(f"{disk}/server.log", b"\n")  # what is left in its last block
        must_know(lab, server.port, token)
        if lab in range(6, 10):
            must_not_store(lab, server.port)
        os.unlink(f"{disk}/ballast")
        before = os.path.getsize(f"{disk}/server.log")
        talk(lab, server.port, 1)
        require(wait_until(lambda: os.path.getsize(f"{disk}/server.log") > before),
                "it does not log again")
        server.must_come_to_rest_and_stop()
        require(len(server.errors()) == 1, f"the console was told {server.errors()}")


def on_a_small_disk():
    unshare = ("unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]))
    if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise NotTried("nothing may be mounted here")
    return (*unshare, "sh", "-c", SMALL_DISK, "sh")


def fill(path, block):
    """Appends until there is no room left."""
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as file:
        while file.write(block) == len(block):
            pass


def must_know(lab, port, token):
    if lab == 10:
        talk(lab, port, 0)
    elif lab >= 7:
        must_be_welcome(lab, port, token)
    else:
        with connect(lab, port, 0) as messages:
            if lab == 6:
                messages.expect("OK Hello, Guest 0!")
            messages.say("hello")
            messages.expect("hello")


def must_not_store(lab, port):
    with connect(lab, port, 1) as messages:
        answer_all(lab, messages, 1)
        messages.expect("ERR ")
        messages.expect_end()


TRIALS = ((clock_jumps, range(2, 11)), (sessions_end_by_the_clock, range(7, 10)),
          (disk_is_full, range(4, 11)))
