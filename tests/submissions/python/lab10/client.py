#!/usr/bin/env python3
"""Lab 10, the client: one member of a chat over UDP."""

import itertools
import math
import os
import select
import signal
import socket
import sys
import time

import common
import datagrams
from common import BadValue, Failure, ProtocolError, printable, reason, shortened
from keyboard import Keyboard
from reliable import Incoming, Outgoing

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 0.8  # seconds, between one JOIN and the next
PATIENCE_AT_START = 10
MAX_SILENCE = 15
PING_EVERY = 5
LEAVES, LEAVE_EVERY = 5, 0.2
MAX_UNSAID = 100  # lines; no more are read meanwhile
RECEIVED_A_TURN = 100


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


def addresses_of(host, port):
    try:
        found = socket.getaddrinfo(resolved(host), port, type=socket.SOCK_DGRAM)
    except (BadValue, OSError) as problem:
        raise Failure(reason(problem)) from None
    return [(family, address) for family, _, _, _, address in found]


def ask(keyboard, question, default, check):
    while True:
        common.tell(f"{question} [{default}]: ")
        answer = common.judge(keyboard.line(), default, check)
        if answer:
            return answer


def ask_nick(keyboard):
    """None at the end of input."""
    while True:
        common.tell("Nick: ")
        line = keyboard.line()
        if not line:
            return None
        nick = os.fsdecode(line.removesuffix(b"\n").removesuffix(b"\r").strip(b" "))
        if datagrams.is_nick(nick) and nick.isprintable():
            return nick
        common.tell("A nick has 1 to 32 characters, and no space in it.\n")


class Connection:
    """A socket of its own for each way in: what is still on its way to an old one is lost."""

    def __init__(self, family, address):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect(address)  # from now on nobody else is heard
        self.socket.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def send(self, *words, text=None):
        try:
            self.socket.send(datagrams.make(*words, text=text))
        except OSError:
            pass  # lost, or nobody there at the moment

    def receive(self):
        """(words, text) of what is there and is no nonsense."""
        for _ in range(RECEIVED_A_TURN):
            try:
                datagram = self.socket.recv(65536)
            except BlockingIOError:
                return
            except OSError:  # ICMP's "refused"
                continue
            try:
                yield datagrams.parse(datagram)
            except ProtocolError:
                pass

    def answer(self, seconds):
        """The first of the answers to JOIN that comes in this time, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self], [], [], left)[0]:
                for words, text in self.receive():
                    if words[0] in ("COOKIE", "WELCOME", "ERROR") and words[1:] and text is None:
                        return words
        return None

    def join(self, nick, patience):
        """What the server says in the end, WELCOME or ERROR; None if it says nothing."""
        cookie = []
        pauses = itertools.chain((FIRST_PAUSE, 2 * FIRST_PAUSE), itertools.repeat(LONGEST_PAUSE))
        end = time.monotonic() + patience
        while time.monotonic() < end:
            self.send("JOIN", nick, *cookie)
            words = self.answer(next(pauses))
            if words and words[0] != "COOKIE":
                return words
            if words:
                cookie = words[1:2]
                end = math.inf if end == math.inf else time.monotonic() + patience
        return None


class Member:
    """In the chat: what comes from the server and what is typed, as it comes."""

    def __init__(self, addresses, keyboard):
        self.addresses = addresses
        self.keyboard = keyboard
        self.outgoing = Outgoing()
        self.is_quitting = False
        self.is_gone = False

    # ---- Coming in, and coming in again ----

    def enter(self):
        """False if the person would rather not."""
        while nick := ask_nick(self.keyboard):
            if self.join(nick, PATIENCE_AT_START / len(self.addresses)):
                return True
        return False

    def join(self, nick, patience):
        """False after an ERROR, which is told."""
        for family, address in self.addresses:
            try:
                connection = Connection(family, address)
            except OSError:  # no such network here
                continue
            words = connection.join(nick, patience)
            if words and words[0] == "ERROR":
                common.tell(printable(" ".join(words[1:])) + "\n")
                return False
            if words:
                self.begin(connection, nick, token=words[1])
                return True
        raise Failure(f"join at {common.address_text(self.addresses[0][1])}: no answer")

    def begin(self, connection, nick, token):
        self.connection = connection
        self.nick = nick
        self.token = token
        self.incoming = Incoming()
        self.outgoing.begin_anew()
        self.heard = time.monotonic()
        self.next_ping = self.heard + PING_EVERY
        self.leaves = 0
        self.next_leave = 0
        say("connect", common.address_text(connection.socket.getpeername()))

    def come_back(self):
        say("disconnect", f"nothing has come for {MAX_SILENCE} s; joining again")
        while True:
            try:
                if self.join(self.nick, PATIENCE_AT_START):
                    return
            except Failure:
                continue
            time.sleep(1)  # the nick may still be ours, from before

    # ---- Being there ----

    def run(self):
        while not self.is_gone:
            now = time.monotonic()
            if now >= self.heard + MAX_SILENCE and self.leaves == 0:
                self.come_back()
                continue
            deadline = self.do_what_is_due(now)
            wanted = [self.connection]
            if self.wants_lines():
                wanted.append(self.keyboard)
            ready, _, _ = select.select(wanted, [], [], max(0.0, deadline - time.monotonic()))
            if self.connection in ready:
                for words, text in self.connection.receive():
                    self.handle(words, text)
            if self.keyboard in ready:
                self.keyboard.take()
            self.take_lines()
        say("disconnect", "left")

    def wants_lines(self):
        return not self.is_quitting and len(self.outgoing.entries) < MAX_UNSAID

    def do_what_is_due(self, now):
        """Returns when it has to be called again."""
        for number, text in self.outgoing.due(now):
            self.connection.send("SAY", self.token, number, text=text)
        if now >= self.next_ping:
            self.connection.send("PING", self.token)
            self.next_ping = now + PING_EVERY
        deadlines = [self.outgoing.next_due(), self.next_ping, self.heard + MAX_SILENCE]
        if self.is_quitting and not self.outgoing.entries:
            deadlines = [self.leave(now)]
        return min(deadlines)

    def leave(self, now):
        if now >= self.next_leave:
            if self.leaves == LEAVES:
                self.is_gone = True
                return now
            self.connection.send("LEAVE", self.token)
            self.leaves += 1
            self.next_leave = now + LEAVE_EVERY
        return self.next_leave

    # ---- What comes ----

    def handle(self, words, text):
        try:
            if words[0] in ("MSG", "NOTE"):
                self.hear(words, text)
            elif words[0] == "ACK" and len(words) == 2:
                self.outgoing.acknowledge(datagrams.parse_number(words[1]), time.monotonic())
            elif words[0] == "MEMBERS":
                common.tell(f"* here: {printable(' '.join(words[1:]))}\n")
            elif words[0] == "BYE" and self.leaves:
                self.is_gone = True
            elif words != ["PONG"]:
                return
            self.heard = time.monotonic()
        except ProtocolError:
            pass

    def hear(self, words, text):
        is_line = len(words) == 3 and words[0] == "MSG" and datagrams.is_nick(words[2])
        is_note = len(words) == 2 and words[0] == "NOTE"
        if not (is_line or is_note) or not datagrams.is_text(text):
            raise ProtocolError("malformed")
        number = datagrams.parse_number(words[1])
        heard = self.incoming.take(number, (words[2:], text))
        if heard is None:
            return
        self.connection.send("ACK", self.token, number)
        for nick, line in heard:
            if nick:
                common.write_output(f"{nick[0]}: {line}\n".encode())
            else:
                common.tell(f"* {line}\n")

    # ---- What is typed ----

    def take_lines(self):
        while self.wants_lines() and self.keyboard.has_line():
            self.take_line(self.keyboard.next().removesuffix(b"\n").removesuffix(b"\r"))
        if self.keyboard.has_ended and not self.keyboard.has_line():
            self.is_quitting = True

    def take_line(self, line):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return common.tell("That is no UTF-8, and was not sent.\n")
        if datagrams.has_control_character(text.replace("\t", "")):
            common.tell("There is a control character in that, so it was not sent.\n")
        elif text == "/quit":
            self.is_quitting = True
        elif text == "/who":
            self.connection.send("WHO", self.token)
        elif text.startswith("/") and not text.startswith("//"):
            common.tell(f"{shortened(text.split()[0])} is no command: /who, /quit, //text\n")
        else:
            for piece in pieces(text.removeprefix("/") if text.startswith("//") else text):
                self.outgoing.push(piece)


def pieces(text):
    """The text, in as many parts as needed, cut between characters."""
    part, size = "", 0
    for character in text:
        size += len(character.encode())
        if size > datagrams.MAX_TEXT:
            yield part
            part, size = "", len(character.encode())
        part += character
    if part:
        yield part


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback at Ctrl-C
    parser = common.Parser("client", description="Chats with all the others at a server.")
    parser.add_argument("host", metavar="HOST", nargs="?")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?")
    arguments = parser.parse_args()
    keyboard = Keyboard()
    host = arguments.host
    if host is None:
        host = ask(keyboard, "Host", "127.0.0.1", resolved)
    port = arguments.port or ask(keyboard, "Port", "9090", common.port_number)
    member = Member(addresses_of(host, port), keyboard)
    if member.enter():
        member.run()


if __name__ == "__main__":
    sys.exit(common.run("client", main))
