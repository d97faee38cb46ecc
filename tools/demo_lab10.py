"""The scene of lab 10, and the bad network that it needs."""

import random
import select
import socket
import threading
import time

from demo_stage import free_ports


class LossyRelay(threading.Thread):
    """Stands before a server's port, and passes on what comes from clients and goes back to them:
    a third of the datagrams it loses, a fifth it doubles, and a fifth it lets be overtaken."""

    def __init__(self, port, seed=10):
        super().__init__(daemon=True)
        self.server = ("127.0.0.1", port)
        self.random = random.Random(seed)
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.backs = {}    # a socket of each client's own: the server takes it for the client
        self.held = []     # (when it is to go, by which socket, to whom, datagram)
        self.count = {"lost": 0, "doubled": 0, "overtaken": 0, "all": 0}
        self.closing = False

    def run(self):
        while not self.closing:
            owners = {back: client for client, back in self.backs.items()}
            for ready in select.select([self.front, *owners], [], [], 0.01)[0]:
                datagram, sender = ready.recvfrom(2000)
                if ready is self.front:
                    self.treat(self.back_of(sender), self.server, datagram)
                else:
                    self.treat(self.front, owners[ready], datagram)
            self.release(time.monotonic())

    def back_of(self, client):
        if client not in self.backs:
            self.backs[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.backs[client].bind(("127.0.0.1", 0))
        return self.backs[client]

    def treat(self, by, to, datagram):
        self.count["all"] += 1
        if self.random.random() < 1 / 3:
            self.count["lost"] += 1
            return
        doubled = self.random.random() < 0.2
        self.count["doubled"] += doubled
        for _ in range(1 + doubled):
            overtaken = self.random.random() < 0.2
            self.count["overtaken"] += overtaken
            self.held.append((time.monotonic() + 0.3 * overtaken, by, to, datagram))

    def release(self, now):
        due = [entry for entry in self.held if entry[0] <= now]
        self.held = [entry for entry in self.held if entry[0] > now]
        for _, by, to, datagram in due:
            by.sendto(datagram, to)

    def close(self):
        self.closing = True
        self.join()
        for one in (self.front, *self.backs.values()):
            one.close()


def lab10(stage):
    """No connection, no order, no promise: what TCP gave is made out of datagrams.

    Watch: between the server and these three a third of all datagrams is lost, on the way there
    and on the way back. No line is lost, none comes twice, and none before the one it follows."""
    port = free_ports()
    server = stage.server(port)
    actual = int(server.says("Listening on port").split()[-1])
    relay = LossyRelay(actual)
    relay.start()
    try:
        talk(stage, relay)
    finally:
        relay.close()
    stage.remark("the network lost {lost} of {all} datagrams, doubled {doubled}, and let "
                 "{overtaken} be overtaken".format(**relay.count))
    server.presses_ctrl_c()
    server.ends()


def talk(stage, relay):
    nicks = ("Anna", "Борис", "Chris")
    people = {nick: stage.client("127.0.0.1", relay.port, label=f"{nick:5}") for nick in nicks}
    for nick, person in people.items():
        person.asks("Nick: ")
        person.types(nick)
        person.says("connect: ")
    say_to_all(people, "Anna", "Is anybody there?")
    say_to_all(people, "Борис", "Да! Слышу каждое слово.")
    for number in ("one", "two", "three"):
        people["Chris"].types(number)
    for listener in ("Anna", "Борис"):
        for number in ("one", "two", "three"):
            people[listener].shows(f"Chris: {number}")
    people["Anna"].types("/who")
    people["Anna"].shows("* here: Anna Chris Борис")
    for person in people.values():
        person.types("/quit")
        person.says("disconnect: ")
        person.ends()


def say_to_all(people, speaker, text):
    people[speaker].types(text)
    for nick, person in people.items():
        if nick != speaker:
            person.shows(f"{speaker}: {text}")
