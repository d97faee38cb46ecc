#!/usr/bin/env python3
"""Lab 6, the server: it asks who is new for a name, and knows everybody else."""

import asyncio
import errno
import itertools
import os
import selectors
import signal
import socket
import sys

import common
from common import PORTION, Failure, ProtocolError, reason
from log import Log
from names import Names, parse_name

MAX_LINE = 65536  # bytes, its end not counted
MAX_TRIES = 3
MAX_SILENCE = 5 * 60  # seconds
FAMILIES = [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]


log = None  # main() opens both
names = None


def say(event, explanation):
    log.say(event, explanation)


def open_listener(family, host, port):
    listener = socket.socket(family)
    try:
        listener.setblocking(False)
        # Else the port is refused for a minute after a restart (TIME_WAIT).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # IPv4 has a socket of its own
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def open_listeners(port):
    """A socket for each family that the machine has."""
    listeners = []
    try:
        for family, host in FAMILIES:
            try:
                listeners.append(open_listener(family, host, port))
            except OSError as error:
                if not is_missing(family, error):
                    raise
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def is_missing(family, error):
    no_such_family = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return family == socket.AF_INET6 and no_such_family


def listen(wanted):
    """On this port or, while that is busy, on the next one."""
    for port in itertools.chain(range(wanted, 65536), range(1024, wanted)):
        try:
            listeners = open_listeners(port)
            break
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Failure(f"listen on port {port}: {reason(error)}") from None
    else:
        raise Failure(f"listen: every port from {wanted} on is busy")
    for listener in listeners:
        say("listen", common.address_text(listener.getsockname()))
    common.write_output(f"Listening on port {port}\n".encode())
    return listeners


class Left(Exception):
    """The conversation is over; the text says how."""


class Client:
    """A connection, as lines."""

    def __init__(self, connection, peer):
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.peer = peer
        self.received = bytearray()  # what is no line yet
        self.is_cut_off = False  # the last line had no end

    async def receive(self):
        """Adds a portion to what has been received. False at the end."""
        async with asyncio.timeout(MAX_SILENCE):
            portion = await self.loop.sock_recv(self.connection, PORTION)
        if portion:
            say("receive", f"{len(portion)} bytes from {self.peer}")
            self.received += portion
        return bool(portion)

    async def line(self):
        """The next line without its end, which is \\n or \\r\\n, or None; the last may lack it."""
        searched = 0
        while True:
            end = self.received.find(b"\n", searched)
            line = bytes(self.received[:end if end >= 0 else None])
            if len(line.removesuffix(b"\r")) > MAX_LINE:
                raise ProtocolError(f"a line of more than {MAX_LINE} bytes")
            if end >= 0:
                del self.received[:end + 1]
                return line.removesuffix(b"\r")
            searched = len(self.received)
            if not await self.receive():
                self.received.clear()
                self.is_cut_off = bool(line)
                return line or None

    async def answer(self, what, question):
        await self.send(f"ASK {what} {question}".encode())
        answer = await self.line()
        if answer is None or self.is_cut_off:
            raise Left("closed at a question")
        return answer

    async def send(self, line):
        async with asyncio.timeout(MAX_SILENCE):
            await self.loop.sock_sendall(self.connection, line + b"\n")
        say("send", f"{len(line) + 1} bytes to {self.peer}")


async def identify(client, host):
    if host in names.of:
        await client.send(f"OK Hello, {names.of[host]}!".encode())
        return
    for _ in range(MAX_TRIES):
        try:
            name = parse_name(await client.answer("name", "What is your name?"))
        except ValueError as problem:
            await client.send(f"ERR {problem}.".encode())
            continue
        try:
            names.add(host, name)
        except OSError as error:
            say("error", f"write {names.path}: {reason(error)}")
            await client.send(b"ERR Your name could not be kept, sorry.")
            raise Left("could not be introduced") from None
        await client.send(f"OK Nice to meet you, {name}!".encode())
        return
    raise Left("said no name")


async def converse(client, host):
    await identify(client, host)
    while (line := await client.line()) is not None:
        if line == b"exit":
            raise Left("said exit")
        await client.send(line)
    raise Left("closed")


async def serve_client(connection, address):
    peer = common.address_text(address)
    say("connect", peer)
    with connection:
        try:
            await converse(Client(connection, peer), address[0])
        except Left as left:
            how = str(left)
        except ProtocolError as error:
            say("error", f"{peer} sent {error}")
            how = "is dropped: it broke the protocol"
        except TimeoutError:
            how = "is dropped: nothing came from it for too long"
        except OSError as error:
            how = f"is lost: {reason(error)}"
    say("disconnect", f"{peer} {how}")


async def accept(listener):
    try:
        return await asyncio.get_running_loop().sock_accept(listener)
    except OSError as error:  # no descriptor free, it may be; later there will be one
        say("error", f"accept: {reason(error)}")
        await asyncio.sleep(0.1)
        return None


async def accept_in_turn(listeners):
    """Yields connections, from whichever listener one comes to."""
    accepting = {asyncio.create_task(accept(listener)): listener for listener in listeners}
    while True:
        accepted, _ = await asyncio.wait(accepting, return_when=asyncio.FIRST_COMPLETED)
        for task in accepted:
            listener = accepting.pop(task)
            if task.result():
                yield task.result()
            accepting[asyncio.create_task(accept(listener))] = listener


async def ask_port():
    answers = Input()
    while True:
        common.tell("Port [9090]: ")
        port = common.judge(await answers.line(), "9090", common.port_number)
        if port:
            return port


class Input:
    """Standard input, read without stopping everything else."""

    def __init__(self):
        self.read = bytearray()  # and not yet given out

    async def line(self):
        """The next line with its newline; at the end, what is left."""
        while b"\n" not in self.read:
            await input_is_there()
            try:
                some = os.read(0, 65536)
            except OSError:  # a terminal that is gone
                some = b""
            if not some:
                break
            self.read += some
        end = self.read.find(b"\n") + 1 or len(self.read)
        line = bytes(self.read[:end])
        del self.read[:end]
        return line


async def input_is_there():
    loop = asyncio.get_running_loop()
    there = loop.create_future()
    loop.add_reader(0, there.set_result, None)
    try:
        await there
    finally:
        loop.remove_reader(0)


async def serve(port):
    listeners = listen(port or await ask_port())
    async for connection, address in accept_in_turn(listeners):
        await serve_client(connection, address)


async def serve_until_signalled(port):
    """Returns the signal's name."""
    loop = asyncio.get_running_loop()
    signals = {signal.SIGINT, signal.SIGTERM}
    signalled = loop.create_future()

    def on_signal(number):
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # the first one does
        if not signalled.done():
            signalled.set_result(number.name)

    for number in signals:
        loop.add_signal_handler(number, on_signal, number)
    say("start", "lab6_identify")
    serving = asyncio.create_task(serve(port))
    await asyncio.wait({serving, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    if not signalled.done():
        serving.result()  # raises what has ended it
    serving.cancel()
    return signalled.result()


def load_names():
    try:
        return Names("names.json")
    except (OSError, ValueError) as error:
        raise Failure(f"read names.json: {common.printable(reason(error))}") from None


def new_loop():
    # poll(), since the usual epoll does not take standard input if that is a file.
    return asyncio.SelectorEventLoop(selectors.PollSelector())


def main():
    global log, names
    parser = common.Parser("server", description="Returns every line that a client sends.")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?")
    port = parser.parse_args().port
    try:
        log = Log("server.log")
    except OSError as error:
        raise Failure(f"open server.log: {reason(error)}") from None
    try:
        names = load_names()
        with asyncio.Runner(loop_factory=new_loop) as runner:
            say("stop", runner.run(serve_until_signalled(port)))
    except (Failure, OSError) as error:  # which is told on the console as well
        say("error", reason(error))
        raise


if __name__ == "__main__":
    sys.exit(common.run("server", main))
