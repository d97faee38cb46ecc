#!/usr/bin/env python3
"""Lab 7, the client: it hides passwords, and keeps its session."""

import os
import re
import signal
import socket
import sys

import common
from common import BadValue, Failure, printable, reason, shortened
from secret_input import secret_line

TOKEN_FILE = "session.token"  # mode 0600


def say(event, explanation):
    common.say("client", event, explanation)


def resolved(host):
    """The host, if it has an address."""
    try:
        if host:
            socket.getaddrinfo(host, None)
            return host
        problem = "nothing"
    except (OSError, ValueError) as error:  # ValueError: a NUL, or no possible name
        problem = reason(error)
    raise BadValue(f"host '{shortened(host)}': {printable(problem)}; an address such as 127.0.0.1 "
                   "or ::1 would do, or a name that is known")


def connect(host, port):
    # Tries one address after the other.
    try:
        server = socket.create_connection((resolved(host), port))
    except BadValue as problem:
        raise Failure(problem) from None
    except OSError as error:
        where = common.address_text((printable(host), port))
        raise Failure(f"connect to {where}: {reason(error)}") from None
    say("connect", common.address_text(server.getpeername()))
    return server


def ask(question, default, check):
    while True:
        common.tell(f"{question} [{default}]: ")
        answer = common.judge(sys.stdin.buffer.readline(), default, check)
        if answer:
            return answer


class Server:
    """The connection, as lines."""

    def __init__(self, connection):
        self.connection = connection
        self.received = bytearray()

    def send(self, line):
        self.connection.sendall(line)
        say("send", f"{len(line)} bytes")

    def receive(self):
        """The next line, with its newline."""
        searched = 0
        while (end := self.received.find(b"\n", searched)) < 0:
            searched = len(self.received)
            portion = self.connection.recv(65536)
            if not portion:
                raise Failure("the server has closed")
            say("receive", f"{len(portion)} bytes")
            self.received += portion
        line = bytes(self.received[:end + 1])
        del self.received[:end + 1]
        return line


def input_line(read=sys.stdin.buffer.readline):
    """A line of standard input with its newline, added if need be; b"" at the end."""
    line = read()
    return line if not line or line.endswith(b"\n") else line + b"\n"


def load_token():
    try:
        with open(TOKEN_FILE, "rb") as file:
            return file.readline().strip() + b"\n"
    except FileNotFoundError:
        return b"\n"


def store_token(token):
    if not re.fullmatch(b"[0-9a-fA-F]+", token):
        raise Failure("the server sent a token that is none")
    descriptor = os.open(TOKEN_FILE + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(token + b"\n")
    os.replace(TOKEN_FILE + ".new", TOKEN_FILE)


def forget_token():
    try:
        os.unlink(TOKEN_FILE)
    except FileNotFoundError:
        pass


def answer(what, question):
    if what == b"token":
        return load_token()
    common.tell(printable(question) + " ")
    secret = what.endswith(b"password")
    line = input_line(secret_line) if secret else input_line()
    if not line:
        raise Failure("the input has ended at a question")
    return line


def log_in(server):
    """Answers what the server asks until it says OK."""
    asked = None
    while True:
        word, _, text = server.receive().rstrip(b"\n").partition(b" ")
        if word == b"ASK":
            asked, _, question = text.partition(b" ")
            server.send(answer(asked, question))
        elif word == b"TOKEN":
            store_token(text)
        elif word == b"ERR":
            if asked == b"token":
                forget_token()
            common.tell(printable(text) + "\n")
        elif word == b"OK":
            common.tell(printable(text) + "\n")
            return
        else:
            raise Failure(f"the server said '{shortened(word)}'")


def talk(server):
    while True:
        if sys.stdin.isatty():
            common.tell("> ")
        line = input_line()
        server.send(line or b"exit\n")
        command = line.rstrip(b"\r\n") if line else b"exit"
        if command == b"exit":
            return
        reply = server.receive()
        if command == b"logout":
            common.tell(printable(reply.rstrip(b"\n").removeprefix(b"OK ")) + "\n")
            forget_token()
            return
        common.write_output(reply)


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback at Ctrl-C
    parser = common.Parser("client", description="Sends lines and prints the replies.")
    parser.add_argument("host", metavar="HOST", nargs="?")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?")
    arguments = parser.parse_args()
    host = arguments.host
    if host is None:
        host = ask("Host", "127.0.0.1", resolved)
    port = arguments.port or ask("Port", "9090", common.port_number)
    with connect(host, port) as connection:
        try:
            server = Server(connection)
            log_in(server)
            talk(server)
            say("disconnect", "by this client")
        except (OSError, Failure) as error:
            say("disconnect", "cut short")
            raise Failure(f"conversation: {reason(error)}") from None


if __name__ == "__main__":
    sys.exit(common.run("client", main))
