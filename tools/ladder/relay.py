"""Stands between the clients and a server that speak UDP, and does what networks do: loses a
datagram, or delivers it twice. The loopback interface never does, so a scene says which ones.
"""

import select
import socket
from collections import Counter, defaultdict

HOME = "127.0.0.1"


class Relay:
    def __init__(self, port, server_port):
        """Clients send to `port`; what they send goes on to `server_port`."""
        self.port, self.server_port = port, server_port
        self.front = bound_socket(port)
        self.sockets = [self.front]
        self.doors = {}               # client's port: the socket that the server takes for it
        self.clients = {}             # and the other way round: that socket's port: client's port
        self.waiting = []             # datagrams; see take()
        self.rules = []               # (beginning of a datagram, copies), each for one datagram
        self.seen = defaultdict(int)  # (port from, port to): datagrams so far
        self.arrived = defaultdict(list)
        self.known = set()            # (way, datagram) that was passed on
        self.excused = Counter()      # way: how many may come twice, as an answer to each of two
        self.repeated = False         # somebody has sent again what was not lost

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

    def turn(self):
        """Passes on one datagram. False if there is none."""
        while readable := select.select(self.sockets, [], [], 0)[0]:
            self.waiting += map(self.take, readable)
        if not self.waiting:
            return False
        self.pass_on(*self.waiting.pop(0))
        return True

    def take(self, arrived_at):
        """A datagram: (way, through which socket it leaves, to which port, its bytes)"""
        data, (_, sender) = arrived_at.recvfrom(65536)
        if arrived_at is self.front:
            return (sender, self.server_port), self.door(sender), self.server_port, data
        client = self.clients[arrived_at.getsockname()[1]]
        return (self.server_port, client), self.front, client, data

    def pass_on(self, way, door, port, data):
        copies = self.copies(data)
        for _ in range(copies):
            self.arrived[way].append(self.seen[way])
            door.sendto(data, (HOME, port))
        self.seen[way] += 1
        if (way, data) in self.known:
            self.excused[way] -= 1
            self.repeated |= self.excused[way] < 0
        if copies:
            self.known.add((way, data))
            self.excused[way[::-1]] += copies - 1

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
        for used in self.sockets:
            used.close()


def bound_socket(port):
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((HOME, port))
    return bound
