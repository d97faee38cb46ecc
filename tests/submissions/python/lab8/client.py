#!/usr/bin/env python3
"""Lab 8, the client: it speaks in frames."""

import os
import re
import signal
import socket
import sys

import common
import frames
from common import BadValue, Failure, ProtocolError, printable, reason, shortened
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
    """The connection, as messages."""

    def __init__(self, connection):
        self.connection = connection
        self.decoder = frames.Decoder()

    def send(self, message):
        self.connection.sendall(frames.frame(message))
        say("send", f"{len(message.encode())} bytes")

    def receive(self):
        while (message := self.decoder.next()) is None:
            some = self.connection.recv(65536)
            if not some:
                self.decoder.check_end()
                raise Failure("the server has closed")
            self.decoder.bytes += some
        say("receive", f"{len(message.encode())} bytes")
        return message


def input_line(read=sys.stdin.buffer.readline):
    """A line of standard input as a message, without its newline; None at the end."""
    line = read()
    payload = line.removesuffix(b"\n")
    if len(payload) > frames.MAX_PAYLOAD:
        raise Failure(f"a line of more than {frames.MAX_PAYLOAD} bytes is not sent")
    try:
        return payload.decode() if line else None
    except UnicodeDecodeError:
        raise Failure("a line that is no UTF-8 is not sent") from None


def load_token():
    try:
        with open(TOKEN_FILE, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except FileNotFoundError:
        return ""


def store_token(token):
    if not re.fullmatch("[0-9a-fA-F]+", token):
        raise Failure("the server sent a token that is none")
    descriptor = os.open(TOKEN_FILE + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    os.replace(TOKEN_FILE + ".new", TOKEN_FILE)


def forget_token():
    try:
        os.unlink(TOKEN_FILE)
    except FileNotFoundError:
        pass


def answer(what, question):
    if what == "token":
        return load_token()
    common.tell(printable(question) + " ")
    secret = what.endswith("password")
    line = input_line(secret_line) if secret else input_line()
    if line is None:
        raise Failure("the input has ended at a question")
    return line


def log_in(server):
    """Answers what the server asks until it says OK."""
    asked = None
    while True:
        word, _, text = server.receive().partition(" ")
        if word == "ASK":
            asked, _, question = text.partition(" ")
            server.send(answer(asked, question))
        elif word == "TOKEN":
            store_token(text)
        elif word == "ERR":
            if asked == "token":
                forget_token()
            common.tell(printable(text) + "\n")
        elif word == "OK":
            common.tell(printable(text) + "\n")
            return
        else:
            raise Failure(f"the server said '{shortened(word)}'")


def talk(server):
    while True:
        if sys.stdin.isatty():
            common.tell("> ")
        line = input_line()
        message = "exit" if line is None else line
        server.send(message)
        if message == "exit":
            return
        reply = server.receive()
        if message == "logout":
            common.tell(printable(reply.removeprefix("OK ")) + "\n")
            forget_token()
            return
        common.write_output(reply.encode() + b"\n")


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
        except (OSError, Failure, ProtocolError) as error:
            say("disconnect", "cut short")
            raise Failure(f"conversation: {reason(error)}") from None


if __name__ == "__main__":
    sys.exit(common.run("client", main))
