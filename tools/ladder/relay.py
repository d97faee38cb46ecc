"""Stands between the clients and a server that speak UDP, and does what networks do: loses a
datagram, or delivers it twice. The loopback interface never does, so a scene says which ones.
"""

import select
import socket
import threading
import time
from collections import defaultdict

HOME = "127.0.0.1"
PATIENCE = 1  # seconds; a program that never waits is not waited for any longer


class Relay(threading.Thread):
    def __init__(self, port, server_port, are_waiting):
        """Clients send to `port`; what they send goes on to `server_port`. One datagram is passed
        on at a time, when all programs wait again (`are_waiting()`), so that two that are under way
        at once arrive in the same order in each run."""
        super().__init__(daemon=True)
        self.port, self.server_port, self.are_waiting = port, server_port, are_waiting
        self.front = bound_socket(port)
        self.wake, self.woken = socket.socketpair()
        self.sockets = [self.woken, self.front]
        self.doors = {}               # client's port: the socket that the server takes for it
        self.clients = {}             # and the other way round: that socket's port: client's port
        self.rules = []               # (beginning of a datagram, copies), each for one datagram
        self.seen = defaultdict(int)  # (port from, port to): datagrams so far
        self.arrived = defaultdict(list)
        self.at_work = False

    # ---- For a scene

    def loses(self, beginning):
        """The next datagram that begins so."""
        self.rules.append((beginning.encode(), 0))

    def doubles(self, beginning):
        self.rules.append((beginning.encode(), 2))

    # ---- For the matching

    def behind(self, port):
        """Who is really meant by a port of the relay."""
        return self.server_port if port == self.port else self.clients.get(port, port)

    def deliveries(self, way):
        """The numbers of the datagrams of this way that arrived, in the order of their arrival."""
        return self.arrived[way]

    # ---- At work

    def is_idle(self):
        """Nothing is under way."""
        return not select.select(self.sockets, [], [], 0)[0] and not self.at_work

    def run(self):
        waiting = []
        while True:
            readable = select.select(self.sockets, [], [], 0 if waiting else None)[0]
            if self.woken in readable:
                return
            self.at_work = True
            waiting += [self.take(arrived_at) for arrived_at in readable]
            if not readable and (self.are_waiting() or time.monotonic() > deadline):
                self.pass_on(*waiting.pop(0))
            if readable or not waiting:
                deadline = time.monotonic() + PATIENCE
            self.at_work = bool(waiting)

    def take(self, arrived_at):
        """A datagram: (way, through which socket it leaves, to which port, its bytes)"""
        data, (_, sender) = arrived_at.recvfrom(65536)
        if arrived_at is self.front:
            return (sender, self.server_port), self.door(sender), self.server_port, data
        client = self.clients[arrived_at.getsockname()[1]]
        return (self.server_port, client), self.front, client, data

    def pass_on(self, way, door, port, data):
        for _ in range(self.copies(data)):
            self.arrived[way].append(self.seen[way])
            door.sendto(data, (HOME, port))
        self.seen[way] += 1

    def copies(self, data):
        for rule in self.rules:
            if data.startswith(rule[0]):
                self.rules.remove(rule)
                return rule[1]
        return 1

    def door(self, client):
        if client not in self.doors:
            self.doors[client] = bound_socket(0)
            self.clients[self.doors[client].getsockname()[1]] = client
            self.sockets.append(self.doors[client])
        return self.doors[client]

    def stop(self):
        self.wake.send(b".")
        self.join()
        for used in (self.wake, *self.sockets):
            used.close()


def bound_socket(port):
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((HOME, port))
    return bound
