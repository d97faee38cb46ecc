"""Who is here, whose messages wait for an answer, and the person at the console who gives it."""

import collections
import sys

import frames
from common import printable


class Dialog:
    def __init__(self, console):
        self.console = console
        self.is_attended = True  # until standard input ends
        self.clients = set()  # whose names are known
        self.waiting = collections.deque()  # (client, message), the oldest first

    def enter(self, client):
        self.clients.add(client)

    def leave(self, client):
        self.clients.discard(client)
        self.waiting = collections.deque(entry for entry in self.waiting if entry[0] != client)

    def message(self, client, text):
        shown = printable(text) if sys.stdout.isatty() else text
        self.console.show(f"{client.name}: {shown}\n")
        if self.is_attended:
            self.waiting.append((client, text))
        else:
            client.send(text)

    def line(self, line):
        """What the person has typed."""
        try:
            text = line.removesuffix(b"\n").decode()
        except UnicodeDecodeError:
            return self.console.tell("That is no UTF-8, and was not sent.\n")
        if len(line) - 1 > frames.MAX_PAYLOAD:
            return self.console.tell("That is too long, and was not sent.\n")
        if text.startswith("@"):
            self.send_to_name(text)
        elif text and self.waiting:
            client, _ = self.waiting.popleft()
            client.send(text)
        elif text:
            self.console.tell("Nobody waits for an answer.\n")

    def send_to_name(self, text):
        names = [client.name for client in self.clients if text.startswith(f"@{client.name} ")]
        if not names:
            return self.console.tell("Nobody of that name is here.\n")
        name = max(names, key=len)
        for client in list(self.clients):
            if client.name == name:
                client.send(text.removeprefix(f"@{name} "))
        for entry in self.waiting:
            if entry[0].name == name:
                self.waiting.remove(entry)
                break

    def person_leaves(self):
        self.is_attended = False
        while self.waiting:
            client, text = self.waiting.popleft()
            client.send(text)
