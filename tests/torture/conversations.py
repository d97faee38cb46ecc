"""What a good client says to each lab's server, and hears."""

import socket
import struct

PATIENCE = 30  # seconds; for what must come, so it may be generous
PASSWORD = "correct horse"


class Refused(Exception):
    """The server has ended the conversation, or answered something else."""


class Lines:
    """Messages of labs 1 to 7."""

    def __init__(self, connection):
        self.connection = connection
        self.received = b""

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

    def expect(self, beginning):
        message = self.hear()
        if not message.startswith(beginning):
            raise Refused(f"heard {message!r} and not {beginning!r}")

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


def get_in(lab, messages, number):
    if lab == 6:
        messages.expect("ASK name ")
        messages.say(f"Guest {number}")
    elif lab >= 7:
        for what, answer in (("token", ""), ("name", f"Guest {number}"),
                             ("new-password", PASSWORD), ("repeat-password", PASSWORD)):
            messages.expect(f"ASK {what} ")
            messages.say(answer)
        messages.expect("TOKEN ")
    if lab >= 6:
        messages.expect("OK ")


def talk_over_tcp(lab, port, number):
    """A whole conversation of guest `number`, who has an address of its own. Throws Refused, or
    OSError, if it does not go as it must."""
    here = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
    with socket.create_connection(("127.0.0.1", port), PATIENCE, here) as connection:
        messages = (Frames if lab >= 8 else Lines)(connection)
        get_in(lab, messages, number)
        for text in ("hello", "привет"):
            messages.say(text)
            messages.expect(text)
        if lab > 1:
            messages.say("exit")
            messages.expect_end()


def talk_over_udp(port, number):
    """A visit to the chat: in, a word, and out again. What is lost is sent again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(("127.0.0.1", port))
        datagrams.settimeout(0.3)

        def ask(request, verb):
            for _ in range(int(PATIENCE / 0.3)):
                try:
                    datagrams.send(request.encode())
                    while True:
                        answer = datagrams.recv(2000).decode()
                        if answer.split(" ")[0] == verb:
                            return answer.partition(" ")[2]
                except (TimeoutError, ConnectionRefusedError):
                    pass
            raise Refused(f"no {verb} for {request!r}")

        cookie = ask(f"JOIN guest{number}", "COOKIE")
        token = ask(f"JOIN guest{number} {cookie}", "WELCOME")
        ask(f"SAY {token} 1\nhello", "ACK")
        ask(f"PING {token}", "PONG")
        ask(f"LEAVE {token}", "BYE")


def talk(lab, port, number):
    if lab == 10:
        talk_over_udp(port, number)
    else:
        talk_over_tcp(lab, port, number)
