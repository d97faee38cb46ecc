"""From a program's strace log to its events, each with the socket or stream that it was about."""

import re

from . import strace
from .collapse import collapse
from .descriptors import Endpoint, Plain, table_of_a_new_program
from .events import QUIET_SIGNALS, WAITING, Event, belongs, only_looked
from .names import address_of
from .values import Descriptor, Values

CLONES = {"clone", "clone3", "fork", "vfork"}


def read(program, steps=()):
    """The events of a program's log, in the order in which they began; `steps` as for parse()."""
    reader = Reader(program, strace.parse(program.log, steps))
    events = [event for event in reader.events if belongs(event)]
    if any(event.name in WAITING for event in events):  # it asks before it tries
        events = [event for event in events if not event.call or event.call.error != "EAGAIN"]
        events = [event for event in events if not only_looked(event)]
    events = sorted(events, key=lambda event: event.start)
    name_workers(events)
    link(events, reader.parents)
    return collapse(events)


def name_workers(events):
    """Numbers the threads and child processes in the order in which they appear."""
    numbers = {}
    for event in events:
        number = numbers.setdefault(event.thread, len(numbers) + 1) if event.call else 1
        if number > 1:
            event.worker = f"{event.worker or 'thread'} {number}"


def link(events, parents):
    """A thread begins after what its parent had done when it started the thread; a signal or an
    end comes after what its thread had begun."""
    last = {}  # thread: its event before
    for event in events:
        clone = parents.get(event.thread)
        if event.call is None:
            event.after = last.get(-event.thread)
        elif clone and event.thread not in last:
            before = [other for other in events if other.thread == clone.thread
                      and other.end is not None and other.end <= clone.start]
            event.after = before[-1] if before else None
        last[event.thread] = event


class Reader:
    """Goes through the log moment by moment, with the descriptors as they are just then."""

    def __init__(self, program, records):
        self.program = program
        first = records[0] if records else strace.End(0, "", 0.0)
        self.events = [Event(program, first.thread, "start", first.start, first.start)]
        self.tables = {}    # thread: Table
        self.parents = {record.result: record for record in records
                        if isinstance(record, strace.Call) and record.result
                        and record.name in CLONES}
        self.killed = set()  # Tables whose program was killed, and that is told
        for _, _, act, record, *event in sorted(self.moments(records), key=lambda m: m[:2]):
            act(record, *event)

    def moments(self, records):
        """(time, number, what to do, with what): a call has two, its beginning and its return."""
        for number, record in enumerate(records):
            if isinstance(record, strace.Signal):
                yield record.start, number, self.signal, record
            elif isinstance(record, strace.End):
                yield record.start, number, self.thread_ends, record
            else:
                event = Event(self.program, record.thread, "call", record.start, record.end, record)
                yield record.start, number, self.begin, record, event
                if record.end is not None:
                    yield record.end, number + 0.5, self.returns, record, event

    def table(self, thread):
        if thread not in self.tables:
            parent = self.parents.get(thread)
            if parent is None:
                self.tables[thread] = table_of_a_new_program()
            else:
                table = self.table(parent.thread)
                shared = "CLONE_FILES" in str(parent.arguments)
                self.tables[thread] = table if shared else table.copy()
            self.tables[thread].threads += 1
        return self.tables[thread]

    def begin(self, call, event):
        table = self.table(call.thread)
        if table is not self.tables.get(self.events[0].thread):
            event.worker = "process"
        self.events.append(event)
        if call.arguments and isinstance(call.arguments[0], Descriptor):
            event.subject = table.find(call.arguments[0])
        if call.name == "close" and event.subject:
            table.take(call.arguments[0])
            event.closes = gone([event.subject])
        elif call.name == "exit_group":
            self.close_all(table, event)
        elif call.name in CLONES and call.result:
            self.table(call.result)  # the child's descriptors are those of this moment
        elif call.name == "epoll_ctl" and event.subject:
            watch(event.subject, call, table)
        elif call.name in WAITING:
            watched = getattr(event.subject, "watched", {}).values() or map(table.find,
                                                                            watched_by(call))
            event.watched = [thing for thing in watched if thing]
            self.program.pipes |= {thing.path for thing in event.watched
                                   if isinstance(thing, Plain) and thing.path[:5] == "pipe:"}

    def returns(self, call, event):
        table, subject, name = self.table(call.thread), event.subject, call.name
        if call.error or call.result is None or call.result < 0:
            return
        if name == "socket":
            event.subject = endpoint_for(call)
            if event.subject:
                table.put(call.result, event.subject)
        elif name in ("accept", "accept4") and isinstance(subject, Endpoint):
            event.accepted = Endpoint(subject.protocol)
            event.accepted.peer = address_of(call.arguments[1])
            event.accepted.learn(call.result.about)
            table.put(call.result, event.accepted)
        elif name in ("dup", "dup2", "dup3") or name == "fcntl" and "F_DUPFD" in call.arguments[1]:
            table.put(call.result, subject or Plain())
        elif name == "openat":
            event.subject = Plain(path=call.result.about)
            table.put(call.result, event.subject)
        elif name in WAITING:
            event.ready = [(table.find(descriptor), descriptor, events)
                           for descriptor, events in ready_after(call)]
        elif isinstance(subject, Endpoint):
            self.learn(call, event, subject)

    def learn(self, call, event, subject):
        address = address_of(call.arguments[1]) if len(call.arguments) > 1 else None
        if call.name == "bind":
            subject.local, subject.used = address, True
        elif call.name == "connect":
            subject.peer = address
        elif event.size and not is_name_service(call, subject):
            subject.used = True

    def signal(self, signal):
        if signal.name not in QUIET_SIGNALS:
            self.events.append(self.aside("signal", signal, signal.name))

    def thread_ends(self, end):
        table = self.table(end.thread)
        table.threads -= 1
        killed = "killed" in end.how
        if table.threads == 0 or killed:
            event = self.aside("exit", end, end.how)
            self.close_all(table, event)
            if killed and table not in self.killed:
                self.killed.add(table)
                self.events.append(event)

    def aside(self, kind, record, what):
        """An event that is no call, and may come while the thread is in one: it stands in a thread
        of its own, with a negative number."""
        return Event(self.program, -record.thread, kind, record.start, record.start, what=what)

    def close_all(self, table, event):
        things = [table.take(descriptor) for descriptor in sorted(table.objects)]
        event.closes += gone(things)
        event.last = table is self.tables.get(self.events[0].thread)


def gone(things):
    """Those Endpoints for which no descriptor is left."""
    return [thing for thing in dict.fromkeys(things)
            if isinstance(thing, Endpoint) and thing.holders == 0]


def endpoint_for(call):
    family, kind = call.arguments[:2]
    if family not in ("AF_INET", "AF_INET6"):
        return None
    return Endpoint("TCP" if "SOCK_STREAM" in kind else "UDP") if "RAW" not in kind else None


def is_name_service(call, subject):
    addresses = [subject.peer, *map(address_of, call.arguments)]
    return any(address and address[1] == 53 for address in addresses)


def watch(epoll, call, table):
    """epoll_ctl(4, EPOLL_CTL_ADD, 3, ...): from now on epoll_wait(4) waits for 3 as well."""
    _, action, descriptor = call.arguments[:3]
    if action == "EPOLL_CTL_DEL":
        epoll.watched.pop(int(descriptor), None)
    else:
        epoll.watched[int(descriptor)] = table.find(descriptor)


def watched_by(call):
    """The descriptors that poll() or select() waits for."""
    if "poll" in call.name and call.arguments and isinstance(call.arguments[0], list):
        return [entry["fd"] for entry in call.arguments[0]
                if isinstance(entry, dict) and isinstance(entry.get("fd"), Descriptor)]
    sets = call.arguments[1:4] if "select" in call.name else []
    return list(dict.fromkeys(descriptor for some in sets if isinstance(some, list)
                              for descriptor in some if isinstance(descriptor, Descriptor)))


def ready_after(call):
    """(descriptor, "POLLIN") for each that is ready."""
    values = Values(call.note)
    if "epoll" in call.name:  # what it was told to give back, which is the descriptor as a rule
        entries = [entry for entry in call.arguments[1] if isinstance(entry, dict)]
        return [(Descriptor(entry["data"]["u32"]), entry["events"].removeprefix("E"))
                for entry in entries if isinstance(entry.get("data"), dict)]
    if call.name in ("poll", "ppoll"):
        entries = [entry for entry in values.value() or [] if isinstance(entry, dict)]
        return [(Descriptor(entry["fd"]), entry.get("revents", "")) for entry in entries]
    return [(Descriptor(descriptor), what)
            for what, some in re.findall(r"\b(in|out|except) \[([^\]]*)\]", call.note)
            for descriptor in re.findall(r"\d+", some)]
