#!/usr/bin/env python3
"""Lab 10, the server: a chat over UDP, which loses, doubles and reorders datagrams."""

import asyncio
import collections
import hmac
import secrets
import sys
import time

import common
import cookies
import datagrams
import listening
import log
from common import Failure, ProtocolError, printable, reason
from log import say
from reliable import Incoming, Outgoing

MAX_SILENCE = 30  # seconds
RECEIVED_A_TURN = 100
SENT_A_TURN = 50  # members


class Member:
    def __init__(self, udp, address, nick):
        self.udp = udp
        self.address = address
        self.peer = common.address_text(address)
        self.nick = nick
        self.token = secrets.token_hex(16)
        self.incoming = Incoming()
        self.outgoing = Outgoing()
        self.heard = time.monotonic()
        self.timer = None
        self.wants_to_send = False


class Chat:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.members = {}  # by address
        self.by_nick = {}
        self.to_send = collections.deque()
        self.something_to_send = asyncio.Event()
        self.next_complaint = 0

    # ---- Datagrams in, datagrams out ----

    def receive(self, udp):
        for _ in range(RECEIVED_A_TURN):
            try:
                datagram, address = udp.recvfrom(65536)
            except OSError:  # nothing more there
                return
            try:
                self.handle(udp, address, datagram)
            except ProtocolError as error:
                self.complain(f"a datagram of {common.address_text(address)} was dropped: {error}")

    def complain(self, text):
        """At most once a second, whoever floods us."""
        now = time.monotonic()
        if now >= self.next_complaint:
            say("error", text)
            self.next_complaint = now + 1

    def send(self, udp, address, *words, text=None):
        try:
            udp.sendto(datagrams.make(*words, text=text), address)
        except OSError:
            pass  # lost, like others on their way; what matters is sent again

    def handle(self, udp, address, datagram):
        words, text = datagrams.parse(datagram)
        verb, arguments = words[0], words[1:]
        if verb == "JOIN" and len(arguments) in (1, 2) and text is None:
            return self.join(udp, address, *arguments)
        handlers = {("SAY", 2): self.hear, ("PING", 1): self.pong, ("WHO", 1): self.who,
                    ("LEAVE", 1): self.leave, ("ACK", 2): self.acknowledge}
        handler = handlers.get((verb, len(arguments)))
        if not handler or (verb == "SAY") != (text is not None):
            raise ProtocolError("malformed")
        member = self.members.get(address)
        if not member or not hmac.compare_digest(member.token.encode(), arguments[0].encode()):
            raise ProtocolError("no member's token")
        handler(member, *arguments[1:], *([text] if verb == "SAY" else []))
        member.heard = time.monotonic()

    # ---- What a client may send ----

    def join(self, udp, address, nick, cookie=""):
        member = self.members.get(address)
        if not cookies.is_good(address, cookie):
            self.send(udp, address, "COOKIE", cookies.make(address))
        elif member and member.nick == nick:
            self.send(udp, address, "WELCOME", member.token)
        elif member:
            self.send(udp, address, "ERROR", "You are in already")
        elif not datagrams.is_nick(nick):
            self.send(udp, address, "ERROR", "That is no nick")
        elif nick in self.by_nick:
            self.send(udp, address, "ERROR", "That nick is taken")
        else:
            self.add(Member(udp, address, nick))

    def add(self, member):
        self.members[member.address] = self.by_nick[member.nick] = member
        say("connect", f"{member.peer}, {printable(member.nick)}")
        self.send(member.udp, member.address, "WELCOME", member.token)
        self.tell_others(member, "NOTE", text=f"{member.nick} is here")
        self.watch(member)

    def hear(self, member, number, text):
        number = datagrams.parse_number(number)
        if not datagrams.is_text(text):
            raise ProtocolError("no text")
        lines = member.incoming.take(number, text)
        if lines is None:
            return
        self.send(member.udp, member.address, "ACK", number)
        for line in lines:
            self.tell_others(member, "MSG", member.nick, text=line)

    def pong(self, member):
        self.send(member.udp, member.address, "PONG")

    def who(self, member):
        answer = "MEMBERS"
        for nick in self.by_nick:
            longer = f"{answer} {nick}"
            if len(longer.encode()) + len(" ...") > datagrams.MAX_DATAGRAM:
                answer += " ..."
                break
            answer = longer
        self.send(member.udp, member.address, answer)

    def leave(self, member):
        self.send(member.udp, member.address, "BYE")
        self.remove(member, "left")

    def acknowledge(self, member, number):
        member.outgoing.acknowledge(datagrams.parse_number(number), time.monotonic())
        self.send_soon(member)

    # ---- What members are to hear ----

    def tell_others(self, member, *words, text):
        for other in self.members.values():
            if other is not member:
                other.outgoing.push((words, text))
                self.send_soon(other)

    def send_soon(self, member):
        if not member.wants_to_send:
            member.wants_to_send = True
            self.to_send.append(member)
            self.something_to_send.set()

    async def send_all(self):
        """In bursts: between them, acknowledgements are read."""
        while True:
            await self.something_to_send.wait()
            for _ in range(min(SENT_A_TURN, len(self.to_send))):
                member = self.to_send.popleft()
                member.wants_to_send = False
                if self.members.get(member.address) is member:
                    self.send_due(member)
            if not self.to_send:
                self.something_to_send.clear()
            await asyncio.sleep(0)

    def send_due(self, member):
        now = time.monotonic()
        for number, (words, text) in member.outgoing.due(now):
            self.send(member.udp, member.address, words[0], number, *words[1:], text=text)
        self.watch(member)

    def watch(self, member):
        """Wakes up when the next thing is to be done for this member."""
        now = time.monotonic()
        if member.outgoing.is_hopeless(now):
            return self.remove(member, "is given up: it acknowledges nothing")
        if now >= member.heard + MAX_SILENCE:
            return self.remove(member, "fell silent")
        if member.timer:
            member.timer.cancel()
        due = min(member.outgoing.next_due(), member.heard + MAX_SILENCE)
        member.timer = self.loop.call_later(max(0.0, due - now), self.send_soon, member)

    def remove(self, member, why):
        del self.members[member.address], self.by_nick[member.nick]
        if member.timer:
            member.timer.cancel()
        say("disconnect", f"{member.peer}, {printable(member.nick)}, {why}")
        self.tell_others(member, "NOTE", text=f"{member.nick} has left")


async def serve(port):
    say("start", "lab10_udpchat")
    sockets = listening.bind(port or await listening.ask_port(listening.Input()))
    chat = Chat()
    for udp in sockets:
        chat.loop.add_reader(udp, chat.receive, udp)
    await chat.send_all()


def main():
    parser = common.Parser("server", description="Passes on what the members of a chat say.")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?")
    port = parser.parse_args().port
    try:
        log.open_log("server.log")
    except OSError as error:
        raise Failure(f"open server.log: {reason(error)}") from None
    try:
        say("stop", listening.run(lambda: serve(port)))
    except (Failure, OSError) as error:  # which is told on the console as well
        say("error", printable(reason(error)))
        raise


if __name__ == "__main__":
    sys.exit(common.run("server", main))
