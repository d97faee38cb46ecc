"""Starts servers and clients under strace, and types for them.

What a scene does next it does when all programs are waiting for something, and the moment is kept:
so the order of what happened before it and after it is certain.
"""

import os
import shutil
import tempfile
import time

from . import reader
from .actor import Actor
from .names import Names
from .ports import claim_ports
from .proc import Watch, is_bound, is_under_way, read_file
from .relay import Relay

PATIENCE = 10  # seconds until something that must come has failed to come
RESTLESS = 2   # seconds; a program that never waits for anything is not waited for any longer


class Failure(Exception):
    """There is nothing to be drawn, and why."""


class Stage:
    def __init__(self, programs):
        if not shutil.which("strace"):
            raise Failure("strace is needed, and not here; ./setup installs it")
        self.programs = os.path.abspath(programs)
        self.shown_files = {}
        self.actors, self.steps = [], []
        self.watch = Watch()
        self.relay = None
        self.since, self.until = 0, float("inf")  # what happened between them is drawn
        self.claim, self.port = claim_ports(2)  # the one after `port` may be needed as well
        self.ports = {self.port: 9090, self.port + 1: 9091}  # {real: the one that is shown}
        self.scratch = tempfile.mkdtemp(prefix="ladder-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for actor in self.actors:
            actor.kill()
        if self.relay:
            self.relay.stop()
        self.claim.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    # ---- What a scene does

    def shows_files(self, *names, calls=("openat", "write", "fsync", "rename", "close")):
        """What is done to these files belongs to the story of this lab."""
        self.shown_files = {name: calls for name in names}

    def server(self, *arguments, listens=None, **more):
        """Starts a server, and waits until it listens or asks something."""
        actor = self.start("server", arguments, **{"lane": 1, **more})
        if listens:
            self.wait(lambda: is_bound(listens), actor)
        self.settle()
        return actor

    def client(self, *arguments, **more):
        actor = self.start("client", arguments, **{"lane": 0, **more})
        self.settle()
        return actor

    def start(self, side, arguments, name="", lane=0):
        self.step()
        actor = Actor(self, side, arguments, name, lane)
        self.actors.append(actor)
        self.watch.sessions.add(actor.process.pid)
        return actor

    def with_relay(self):
        """From now on clients send to the relay's port, which the picture shows as the server's."""
        self.relay = Relay(self.port + 1, self.port, self.are_waiting)
        self.ports[self.relay.port] = self.ports[self.port]
        self.relay.start()
        return self.relay

    def curtain_rises(self):
        """What has happened so far is not in the picture."""
        self.settle()
        self.since = time.time()

    def curtain_falls(self):
        """Nor is what happens from now on."""
        self.settle()
        self.until = time.time()

    # ---- Time

    def step(self):
        self.steps.append(time.time())

    def settle(self, at_work=0):
        """Waits until every program waits; but for so many threads, which calculate."""
        deadline = time.monotonic() + RESTLESS
        calm = 0
        while calm < 2 and time.monotonic() < deadline:
            calm = calm + 1 if self.is_calm(at_work) else 0
            time.sleep(0.001)

    def is_calm(self, at_work):
        """Nothing is under way, and nobody at work."""
        def is_quiet():
            return not is_under_way(self.ports) and (not self.relay or self.relay.is_idle())
        return is_quiet() and self.are_waiting(at_work) and is_quiet()

    def are_waiting(self, at_work=0):
        """Whether no thread does anything between two looks, and all are asleep."""
        before, after = self.watch.look(), self.watch.look()
        awake = [thread for thread, (state, *_) in before.items() if state != b"S"]
        return len(awake) <= at_work and before.keys() == after.keys() and all(
            after[thread] == before[thread] for thread in before if thread not in awake)

    def wait(self, condition, actor):
        """Waits for a condition, but not for ever, and not for one who is gone."""
        deadline = time.monotonic() + PATIENCE
        while not condition() and actor.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)

    # ---- What has come of it

    def events(self):
        events = []
        for actor in self.actors:
            actor.program.log = read_file(actor.log).decode("utf-8", "replace")
            complaint = read_file(actor.err).decode(errors="replace").strip()
            if not actor.program.log or complaint.startswith("strace: "):
                raise Failure(f"{actor.program.command} could not be started: {complaint}")
            events += reader.read(actor.program, self.until)
        return events

    def names(self, stand_ins=True):
        names = Names(self.ports, stand_ins)
        for door, client in (self.relay.clients if self.relay else {}).items():
            names.ports[door] = names.port(client)
        return names
