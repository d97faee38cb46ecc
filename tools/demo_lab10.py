"""The scene of lab 10, and the bad network that it needs."""

import collections
import random
import select
import socket
import threading
import time

from demo_stage import free_ports

LOST = 1 / 3
DOUBLED = 1 / 5
OVERTAKEN = 1 / 5
SEED = 9
DELAY = 0.25  # seconds, of a datagram that is to be overtaken


class LossyRelay(threading.Thread):
    """Stands before a server's port, and passes on what comes from clients and goes back to them:
    a third of the datagrams it loses, a fifth it doubles, and a fifth it lets be overtaken."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.server = ("127.0.0.1", port)
        self.front = udp_socket()
        self.port = self.front.getsockname()[1]
        self.backs = {}  # a socket for each client: the server takes it for the client
        self.seen = collections.Counter()
        self.held = []   # (when it is to go, by which socket, to whom, datagram)
        self.count = {"all": 0, "lost": 0, "doubled": 0, "overtaken": 0}
        self.closing = threading.Event()

    def run(self):
        while not self.closing.is_set():
            clients = {back: client for client, back in self.backs.items()}
            for ready in select.select([self.front, *clients], [], [], 0.01)[0]:
                datagram, sender = ready.recvfrom(2000)
                if ready is self.front:
                    self.treat(sender, self.back_of(sender), self.server, datagram)
                else:
                    self.treat(clients[ready], self.front, clients[ready], datagram)
            self.release(time.monotonic())

    def back_of(self, client):
        if client not in self.backs:
            self.backs[client] = udp_socket()
        return self.backs[client]

    def treat(self, client, by, to, datagram):
        chance = self.chance_of(client, datagram)
        self.count["all"] += 1
        if chance.random() < LOST:
            self.count["lost"] += 1
            return
        doubled = chance.random() < DOUBLED
        self.count["doubled"] += doubled
        for _ in range(1 + doubled):
            overtaken = chance.random() < OVERTAKEN
            self.count["overtaken"] += overtaken
            self.held.append((time.monotonic() + DELAY * overtaken, by, to, datagram))

    def chance_of(self, client, datagram):
        """Depends on what it is and how often it came, and not on when: so the conversation takes
        about the same time each time. (A long word is a token, which is another each time.)"""
        line = datagram.split(b"\n")[0].decode()
        words = ["token" if len(word) >= 16 else word for word in line.split(" ")]
        what = f"{list(self.backs).index(client)} {words}"
        self.seen[what] += 1
        return random.Random(f"{SEED} {what} {self.seen[what]}")

    def release(self, now):
        due = [entry for entry in self.held if entry[0] <= now]
        self.held = [entry for entry in self.held if entry[0] > now]
        for _, by, to, datagram in due:
            by.sendto(datagram, to)

    def close(self):
        self.closing.set()
        self.join()
        for one in (self.front, *self.backs.values()):
            one.close()


def udp_socket():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("127.0.0.1", 0))
    return one


def lab10(stage):
    """No connection, no order, no promise: what TCP gave is made out of datagrams.

    Watch: between the server and these three a third of all datagrams is lost, on the way there
    and on the way back. No line is lost, none comes twice, and none before the one it follows."""
    server = stage.server(free_ports())
    port = int(server.says("Listening on port").split()[-1])
    relay = LossyRelay(port)
    relay.start()
    try:
        talk(stage, relay.port)
    finally:
        relay.close()
    stage.remark("of {all} datagrams the network has lost {lost}, doubled {doubled}, and let "
                 "{overtaken} be overtaken".format(**relay.count))
    server.presses_ctrl_c()
    server.ends()


def talk(stage, port):
    nicks = ("Anna", "Борис", "Chris")
    people = {nick: stage.client("127.0.0.1", port, label=f"{nick:5} |") for nick in nicks}
    for nick, person in people.items():
        person.asks("Nick: ")
        person.types(nick)
    for person in people.values():
        person.says("connect: ")

    said = [("Anna", "Is anybody there?")]
    say(people, *said[0])
    hear(people, said)
    answers = [("Борис", "Да! Слышу каждое слово."), ("Chris", "Yes."), ("Chris", "Each word.")]
    for nick, text in answers:
        say(people, nick, text)
    hear(people, answers)

    for nick in nicks:
        say(people, nick, "/quit")
    for person in people.values():
        person.says("disconnect: ")
        person.ends()
    for nick, person in people.items():
        check_lines(stage, nick, person, said + answers)


def say(people, nick, text):
    people[nick].asks(f"{nick}> ")
    people[nick].types(text)


def hear(people, said):
    """Everybody shows what the others said, in whatever order; some of it they may have shown
    before their last prompt."""
    for nick, person in people.items():
        missing = {f"{speaker}: {text}" for speaker, text in said if speaker != nick}
        while missing := missing.difference(person.lines):
            person.shows_one_of(missing)


def check_lines(stage, nick, person, said):
    """Each line of the others once, and each speaker's in order."""
    for speaker in {speaker for speaker, _ in said}:
        expected = [f"{speaker}: {text}" for one, text in said if one == speaker and one != nick]
        shown = [line for line in person.lines if line.startswith(f"{speaker}: ")]
        stage.check(shown == expected, f"{nick} was shown {shown} instead of {expected}")
