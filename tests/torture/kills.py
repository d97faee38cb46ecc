"""Killed while it writes: whatever the instant, each file is the old one or the new one."""

import os
import random
import stat
import tempfile
import time

import conversations
from servers import Server, require, wait_until

KILLS = 50
ROWS = 5_000  # in each file from the start, so that to write it takes a while
# What waits for the disk takes its time, so that it can be hit.
SLOW_DISK = ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,rename",
             "-e", "inject=fsync,rename:delay_enter=10ms")
LONGEST_WRITE = 0.05  # seconds
MANY = 10 ** 6  # numbers of guests begin here, where there were none before

SALT_AND_HASH = "A" * 22 + "$" + "A" * 43 + "="
TABLES = {
    "names.tsv": lambda row: f"10.{row // 65536}.{row // 256 % 256}.{row % 256}\tGuest {MANY + row}",
    "users.tsv": lambda row: f"Guest {MANY + row}\tpbkdf2_sha256$600000${SALT_AND_HASH}",
    "sessions.tsv": lambda row: f"{row:064x}\tGuest {MANY + row}\t9999999999",
}


def tables_of(lab):
    return ["names.tsv"] if lab == 6 else ["users.tsv", "sessions.tsv"]


class Folder:
    """What a server keeps, from one kill to the next."""

    def __init__(self, lab, path):
        self.path = path
        self.rows = {}
        for table in tables_of(lab):
            self.rows[table] = {TABLES[table](row) for row in range(ROWS)}
            with open(self.file(table), "w") as file:
                file.writelines(row + "\n" for row in sorted(self.rows[table]))
            os.chmod(self.file(table), 0o600)

    def file(self, name):
        return os.path.join(self.path, name)

    def must_be_whole(self, table, guest, is_in):
        """All that was in it, and one row about `guest` at most; that one for sure, if `is_in`."""
        with open(self.file(table)) as file:
            content = file.read()
        require(content.endswith("\n"), f"{table} ends in the middle of a line")
        rows = set(content.splitlines())
        gone, new = self.rows[table] - rows, rows - self.rows[table]
        require(not gone, f"{table} has lost {len(gone)} rows")
        require(all(f"Guest {guest}" in row.split("\t") for row in new) and len(new) < 2,
                f"{table} has rows that nobody asked for: {new}")
        require(new or not is_in, f"Guest {guest} was greeted and is not in {table}")
        mode = stat.S_IMODE(os.stat(self.file(table)).st_mode)
        require(mode == 0o600, f"{table} may be read by others: {mode:o}")
        self.rows[table] = rows


def killed_while_writing(lab):
    """Killed fifty times in the midst of writing, it knows everybody again whom it has greeted."""
    tables = tables_of(lab)
    interrupted = 0
    greeted = {}
    with tempfile.TemporaryDirectory(prefix="torture.") as path:
        folder = Folder(lab, path)
        for guest in range(KILLS):
            table = random.choice(tables)
            is_in, token = visit_and_kill(lab, folder, guest, table)
            interrupted += os.path.exists(folder.file(table + ".new"))
            for each in tables:
                folder.must_be_whole(each, guest, is_in)
            if is_in:
                greeted[guest] = token
        require(interrupted > 0, "no kill came in the midst of writing")
        with Server(lab, folder=path) as server:
            server.must_listen()
            for guest, token in greeted.items():
                must_know(lab, server.port, guest, token)
            server.must_come_to_rest_and_stop()
            require(" error: " not in server.read("server.log"), "its log tells of an error")


def visit_and_kill(lab, folder, guest, table):
    """Somebody new comes, and the server is killed when it has begun to write that table. Whether
    the guest was greeted, and with which token."""
    beside = folder.file(table + ".new")
    with Server(lab, SLOW_DISK, folder.path) as server:
        server.must_listen()
        if os.path.exists(beside):
            os.unlink(beside)  # of the last kill
        with conversations.connect(lab, server.port, guest) as messages:
            for _, answer in conversations.questions(lab, guest):
                messages.say(answer)
            # On a busy machine all may have been written before anybody looks.
            wait_until(lambda: os.path.exists(beside) or messages.has_arrived("OK ") or
                       server.has_ended())
            time.sleep(random.random() * LONGEST_WRITE)
            server.process.kill()
            server.process.wait()
            return what_was_heard(messages)


def what_was_heard(messages):
    token, is_in = None, False
    try:
        while True:
            message = messages.hear()
            if message.startswith("TOKEN "):
                token = message.removeprefix("TOKEN ")
            is_in = is_in or message.startswith("OK ")
    except (conversations.Refused, OSError):
        return is_in or token is not None, token


def must_know(lab, port, guest, token):
    with conversations.connect(lab, port, guest) as messages:
        if lab == 6:
            messages.expect(f"OK Hello, Guest {guest}!")
        else:
            messages.expect("ASK token ")
            messages.say(token)
            messages.expect(f"OK Welcome back, Guest {guest}!")


TRIALS = ((killed_while_writing, range(6, 10)),)
