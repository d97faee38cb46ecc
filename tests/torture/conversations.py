"""What a good client says to each lab's server, and hears."""

import select
import socket
import struct
import time

PATIENCE = 120  # seconds; for what must come, so it may be generous
PASSWORD = "correct horse"


class Refused(Exception):
    """The server has ended the conversation, or answered something else."""


class Lines:
    """A connection, and messages of labs 1 to 7 on it."""

    def __init__(self, connection):
        self.connection = connection
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def say(self, text):
        self.connection.sendall(text.encode() + b"\n")

    def hear(self):
        while b"\n" not in self.received:
            self.receive()
        line, self.received = self.received.split(b"\n", 1)
        return line.decode()

    def receive(self):
        piece = self.connection.recv(65536)
        if not piece:
            raise Refused("the server closed the connection")
        self.received += piece

    def has_arrived(self, text):
        """Whether that is among what can be heard now."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(0)) and text.encode() in self.connection.recv(65536, socket.MSG_PEEK)

    def expect(self, beginning):
        message = self.hear()
        if not message.startswith(beginning):
            raise Refused(f"heard {message!r} and not {beginning!r}")
        return message[len(beginning):]

    def expect_end(self):
        try:
            self.receive()
        except Refused:
            return
        raise Refused(f"heard {self.received!r} and not the end")


class Frames(Lines):
    """Messages of labs 8 and 9."""

    def say(self, text):
        payload = text.encode()
        self.connection.sendall(struct.pack("!I", len(payload)) + payload)

    def hear(self):
        while len(self.received) < 4:
            self.receive()
        (size,) = struct.unpack("!I", self.received[:4])
        while len(self.received) < 4 + size:
            self.receive()
        payload = self.received[4:4 + size]
        self.received = self.received[4 + size:]
        return payload.decode()


def connect(lab, port, number):
    """To the server, as guest `number`, who has an address of its own."""
    here = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE, here)
    return (Frames if lab >= 8 else Lines)(connection)


def questions(lab, number):
    """What a server asks somebody new, and the answers of guest `number`."""
    name = ("name", f"Guest {number}")
    if lab < 7:
        return [name] if lab == 6 else []
    return [("token", ""), name, ("new-password", PASSWORD), ("repeat-password", PASSWORD)]


def answer_all(lab, messages, number):
    for what, answer in questions(lab, number):
        messages.expect(f"ASK {what} ")
        messages.say(answer)


def get_in(lab, messages, number):
    """As somebody new. The token, from lab 7 on."""
    answer_all(lab, messages, number)
    token = messages.expect("TOKEN ") if lab >= 7 else None
    if lab >= 6:
        messages.expect("OK ")
    return token


def talk_over_tcp(lab, port, number):
    """A whole conversation of guest `number`; the token, from lab 7 on. Throws Refused, or
    OSError, if it does not go as it must."""
    with connect(lab, port, number) as messages:
        token = get_in(lab, messages, number)
        for text in ("hello", "привет"):
            messages.say(text)
            messages.expect(text)
        if lab > 1:
            messages.say("exit")
            messages.expect_end()
        return token


class Member:
    """Of the chat of lab 10. What is lost is sent again."""

    def __init__(self, port, nick, receive_buffer=None):
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if receive_buffer:
            self.datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.datagrams.connect(("127.0.0.1", port))
        self.datagrams.settimeout(0.3)
        cookie = self.ask(f"JOIN {nick}", "COOKIE")
        self.token = self.ask(f"JOIN {nick} {cookie}", "WELCOME")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.datagrams.close()

    def ask(self, request, verb):
        for _ in range(int(PATIENCE / 0.3)):
            try:
                self.datagrams.send(request.encode())
                while True:
                    answer = self.datagrams.recv(2000).decode()
                    if answer.split(" ")[0] == verb:
                        return answer.partition(" ")[2]
            except (TimeoutError, ConnectionRefusedError):
                pass
        raise Refused(f"no {verb} for {request!r}")

    def say(self, number, text):
        self.ask(f"SAY {self.token} {number}\n{text}", "ACK")

    def lines(self, count):
        """What the others say, until it is so many lines; in the order of their numbers."""
        heard = {}
        end = time.monotonic() + PATIENCE
        while len(heard) < count and time.monotonic() < end:
            try:
                head, _, text = self.datagrams.recv(2000).decode().partition("\n")
            except TimeoutError:
                continue
            words = head.split(" ")
            if words[0] in ("MSG", "NOTE"):
                self.datagrams.send(f"ACK {self.token} {words[1]}".encode())
            if words[0] == "MSG":
                heard[int(words[1])] = text
        return [heard[number] for number in sorted(heard)]

    def leave(self):
        self.ask(f"LEAVE {self.token}", "BYE")


def talk_over_udp(port, number):
    """A visit to the chat: in, a word, and out again."""
    with Member(port, f"guest{number}") as member:
        member.say(1, "hello")
        member.ask(f"PING {member.token}", "PONG")
        member.leave()


def talk(lab, port, number):
    """A visit of guest `number`; the token, where there is one."""
    if lab == 10:
        return talk_over_udp(port, number)
    return talk_over_tcp(lab, port, number)
