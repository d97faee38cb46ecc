#!/usr/bin/env python3
"""Lab 9, the client: it shows what comes when it comes."""

import os
import re
import select
import signal
import socket
import sys

import common
import frames
from common import BadValue, Failure, ProtocolError, printable, reason, shortened
from keyboard import Keyboard

TOKEN_FILE = "session.token"  # mode 0600
EXIT_PATIENCE = 2  # seconds, for what was on its way when we said exit


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


def ask(keyboard, question, default, check):
    while True:
        common.tell(f"{question} [{default}]: ")
        answer = common.judge(keyboard.line(), default, check)
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

    def take(self):
        """Receives some bytes. False at the end."""
        some = self.connection.recv(65536)
        self.decoder.bytes += some
        if not some:
            self.decoder.check_end()
        return bool(some)

    def next(self):
        """The next message, or None if it has not come yet."""
        message = self.decoder.next()
        if message is not None:
            say("receive", f"{len(message.encode())} bytes")
        return message

    def receive(self):
        while (message := self.next()) is None:
            if not self.take():
                raise Failure("the server has closed")
        return message


def as_message(line):
    payload = line.removesuffix(b"\n")
    if len(payload) > frames.MAX_PAYLOAD:
        raise Failure(f"a line of more than {frames.MAX_PAYLOAD} bytes is not sent")
    try:
        return payload.decode()
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


def answer(keyboard, what, question):
    if what == "token":
        return load_token()
    common.tell(printable(question) + " ")
    line = keyboard.secret_line() if what.endswith("password") else keyboard.line()
    if not line:
        raise Failure("the input has ended at a question")
    return as_message(line)


def log_in(server, keyboard):
    """Answers what the server asks until it says OK."""
    asked = None
    while True:
        word, _, text = server.receive().partition(" ")
        if word == "ASK":
            asked, _, question = text.partition(" ")
            server.send(answer(keyboard, asked, question))
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


class Talk:
    """Both at once: what is typed goes out, what comes is shown."""

    def __init__(self, server, keyboard):
        self.server = server
        self.keyboard = keyboard
        self.owed = 0  # answers
        self.last_word = None  # "exit" or "logout", once that is sent
        self.held_back = None  # after "logout": the last message, which may be the farewell

    def prompt(self):
        if sys.stdin.isatty() and not self.last_word:
            common.tell("> ")

    def run(self):
        self.prompt()
        self.show_messages()  # that came with the OK
        while True:
            if not self.last_word:
                self.send_line()
            wanted = [self.server.connection]
            if not self.last_word and not self.keyboard.has_ended:
                wanted.append(self.keyboard)
            limit = 0 if self.keyboard.has_line() and not self.last_word else None
            if self.last_word == "exit":
                limit = EXIT_PATIENCE
            ready, _, _ = select.select(wanted, [], [], limit)
            if self.server.connection in ready:
                if not self.server.take():
                    return self.end()
                self.show_messages()
            elif self.keyboard in ready:
                self.keyboard.take()
            elif self.last_word == "exit":
                return  # nothing more is on its way

    def send_line(self):
        if not self.keyboard.has_line():
            if self.keyboard.has_ended and self.owed == 0:
                self.send("exit")
            return
        self.send(as_message(self.keyboard.next()))
        self.prompt()

    def send(self, message):
        self.server.send(message)
        if message in ("exit", "logout"):
            self.last_word = message
        else:
            self.owed += 1

    def show_messages(self):
        while (message := self.server.next()) is not None:
            self.owed = max(0, self.owed - 1)
            if self.last_word == "logout":
                message, self.held_back = self.held_back, message
            if message is not None:
                self.show(message)

    def show(self, message):
        if not sys.stdout.isatty():
            return common.write_output(message.encode() + b"\n")
        common.write_output(f"\r{printable(message)}\n".encode())
        self.prompt()

    def end(self):
        """The server has closed."""
        farewell = self.held_back or ""
        if self.last_word == "logout" and farewell.startswith("OK "):
            common.tell(printable(farewell.removeprefix("OK ")) + "\n")
            forget_token()
        elif self.last_word != "exit":
            raise Failure("the server has closed")


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback at Ctrl-C
    parser = common.Parser("client", description="Sends lines and prints the replies.")
    parser.add_argument("host", metavar="HOST", nargs="?")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?")
    arguments = parser.parse_args()
    keyboard = Keyboard()
    host = arguments.host
    if host is None:
        host = ask(keyboard, "Host", "127.0.0.1", resolved)
    port = arguments.port or ask(keyboard, "Port", "9090", common.port_number)
    with connect(host, port) as connection:
        try:
            server = Server(connection)
            log_in(server, keyboard)
            Talk(server, keyboard).run()
            say("disconnect", "by this client")
        except (OSError, Failure, ProtocolError) as error:
            say("disconnect", "cut short")
            raise Failure(f"conversation: {reason(error)}") from None


if __name__ == "__main__":
    sys.exit(common.run("client", main))
