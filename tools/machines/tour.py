"""A tour of one lab: its programs on the machines of a network, and a row on the screen for each
conversation. See conversations.py for what is said."""

import os
import tempfile
from dataclasses import dataclass

from machines.network import ADDRESS, LOOPBACK, SERVER
from machines.programs import Client, Failure, Server

PORT = "9090"  # nobody else has it: the machines are new
COLUMNS = "  {:<7} {:<25} {:<20} {}\n"


@dataclass(frozen=True)
class Way:
    """A way to the server: from a machine, by a family of addresses."""
    machine: str
    family: int
    folder: str  # where its client works

    @property
    def host(self):
        return (LOOPBACK if self.machine == "local" else SERVER)[self.family]


class Tour:
    def __init__(self, lab, network, screen):
        self.lab, self.network, self.screen = lab, network, screen
        self.families = network.families
        self.programs = []
        self.serving = None
        self.scratch = tempfile.TemporaryDirectory(prefix="hosts-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.__exit__()
        self.scratch.cleanup()

    def ways(self, families=None):
        """From every machine, over every family or over some."""
        return [Way(machine, family, os.path.join(self.scratch.name, f"{machine} {family}"))
                for family in self.families if family in (families or self.families)
                for machine in ADDRESS]

    def server(self):
        self.network.machines["local"].enter()
        self.serving = Server(self.lab, os.path.join(self.scratch.name, "server"), PORT)
        self.programs.append(self.serving)
        return self.serving

    def client(self, way):
        self.network.machines[way.machine].enter()
        client = Client(self.lab, way.folder, way.host, PORT)
        self.programs.append(client)
        return client

    def peers(self):
        return self.serving.peers()

    def check(self, holds, complaint):
        if not holds:
            raise Failure(complaint)

    def saw(self, way, peers, answer):
        """A conversation that went as it must, if the server saw the right peer."""
        address = ADDRESS[way.machine][way.family]
        expected = f"[{address}]:" if way.family == 6 else f"{address}:"
        self.check(len(peers) == 1 and peers[0].startswith(expected),
                   f"the server saw {' and '.join(peers) or 'nobody'}, not {expected}PORT")
        self.screen.write(COLUMNS.format(way.machine, f"./client {way.host} {PORT}", peers[0],
                                         answer))
