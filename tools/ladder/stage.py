"""Starts servers and clients under strace, and types for them.

What a scene does next it does when all programs are waiting for something, and how long their logs
are then is kept: so the order of what happened before it and after it is certain. Until then they
take turns. Two programs that run at once race: one recv() may find what one send() brought, or two.
So one is let go on until it waits or has sent something, while the others go no further than their
next system call.
"""

import os
import shutil
import tempfile
import time

from . import reader, strace
from .actor import Actor
from .names import Names
from .ports import claim_ports
from .proc import Watch, held, is_bound, is_under_way, process_of, read_file, running
from .relay import Relay

PATIENCE = 10  # seconds until something that must come has failed to come
RESTLESS = 10  # seconds; a program that never waits for anything is not waited for any longer
ON_THE_WAY = 1  # second; what a program does not take may be under way for ever


class Failure(Exception):
    """There is nothing to be drawn, and why."""


class Stage:
    def __init__(self, programs):
        if not shutil.which("strace"):
            raise Failure("strace is needed, and not here; ./setup installs it")
        self.programs = os.path.abspath(programs)
        self.shown_files = {}
        self.actors, self.steps = [], []
        self.playing, self.turns = None, 0  # whose turn it is, and how many there were
        self.watch = Watch()
        self.relay = None
        self.out_of_step = False  # somebody calculated less long than the others talked
        self.since = 0  # what happened before is not drawn
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
        self.give_turn(None)
        self.playing = Actor(self, side, arguments, name, lane)
        self.actors.append(self.playing)
        self.watch.sessions.add(self.playing.process.pid)
        return self.playing

    def with_relay(self):
        """From now on clients send to the relay's port, which the picture shows as the server's."""
        self.relay = Relay(self.port + 1, self.port)
        self.ports[self.relay.port] = self.ports[self.port]
        return self.relay

    def curtain_rises(self):
        """What has happened so far is not in the picture."""
        self.settle()
        self.step()
        self.since = self.steps[-1]
        self.out_of_step = False
        if self.relay:
            self.relay.repeated = False

    def curtain_falls(self):
        """From now on nothing happens."""
        self.settle()
        for actor in self.actors:
            actor.hold()

    # ---- Time

    def step(self):
        self.steps.append(time.time())
        for actor in self.actors:
            actor.marks.append(os.path.getsize(actor.log))

    def settle(self, at_work=0):
        """Lets one program go on after another until every one waits; but for so many threads of
        each, which calculate. When all wait, the relay passes on a datagram."""
        begun = last = time.monotonic()
        while time.monotonic() < last + ON_THE_WAY:
            able, busy = self.able(at_work)
            if able or self.relay and self.relay.turn():
                last = time.monotonic()
                if last > begun + RESTLESS:
                    self.give_up(able)
                    return
                if able and not busy:
                    self.give_turn(min(able, key=lambda actor: actor.played))
            elif not is_under_way(self.ports) and not self.able(at_work)[0]:
                self.note_who_works()
                return
            time.sleep(0.001)

    def note_who_works(self):
        threads = self.watch.look()
        for actor in self.actors:
            actor.at_work = running(threads[actor.process.pid])

    def give_up(self, actors):
        """They go on as they like."""
        for actor in actors:
            actor.restless = True
            actor.let_go()

    def give_turn(self, actor):
        if self.playing not in (None, actor) and not self.playing.restless:
            self.playing.hold()
        self.playing = actor
        if actor:
            threads = running(self.watch.look()[actor.process.pid])
            self.out_of_step |= not set(actor.at_work) <= set(threads)
            actor.at_work = []
            self.turns += 1
            actor.played = self.turns
            actor.let_go()

    def able(self, at_work=0):
        """The programs that can go on, having more threads than that which do not sleep; and
        whether the one whose turn it is does so just now."""
        before, after = self.watch.look(), self.watch.look()
        able, busy = [], False
        for actor in self.actors:
            then, now = before[actor.process.pid], after[actor.process.pid]
            works = running(then)
            at_it = len(works) > at_work or then.keys() != now.keys() or any(
                now[thread] != then[thread] for thread in then.keys() - works)
            if not actor.restless and (at_it or held(then)):
                able.append(actor)
                busy |= at_it and actor is self.playing
            if not at_it and actor is self.playing:
                actor.pauses = set(map(process_of, held(then)))
        return able, busy

    def wait(self, condition, actor):
        """Waits for a condition, but not for ever, and not for one who is gone."""
        deadline = time.monotonic() + PATIENCE
        while not condition() and actor.process.poll() is None and time.monotonic() < deadline:
            self.settle()
            time.sleep(0.002)

    # ---- What has come of it

    def is_in_time(self):
        """Whether all came as the scene meant it. On a machine that has much else to do, a timer
        may ring while an answer is under way, and a calculation be over too soon."""
        return not self.out_of_step and not (self.relay and self.relay.repeated)

    def events(self):
        events = []
        for actor in self.actors:
            actor.program.log = strace.mark(read_file(actor.log), actor.marks)
            complaint = read_file(actor.err).decode(errors="replace").strip()
            if not actor.program.log or complaint.startswith("strace: "):
                raise Failure(f"{actor.program.command} could not be started: {complaint}")
            events += reader.read(actor.program, self.steps)
        return events

    def names(self, stand_ins=True):
        names = Names(self.ports, stand_ins)
        for door, client in (self.relay.clients if self.relay else {}).items():
            names.ports[door] = names.port(client)
        return names
