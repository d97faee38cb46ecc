"""Listeners on both families, and what keeps them going: accepting, signals, input."""

import asyncio
import errno
import itertools
import os
import selectors
import signal
import socket

import common
from common import Failure, reason
from log import say

FAMILIES = [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}


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


async def ask_port(answers):
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


async def until_signalled(serve):
    """Runs this until a signal comes, whose name is returned."""
    loop = asyncio.get_running_loop()
    signalled = loop.create_future()

    def on_signal(number):
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # the first one does
        if not signalled.done():
            signalled.set_result(number.name)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    serving = asyncio.create_task(serve())
    await asyncio.wait({serving, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    if not signalled.done():
        serving.result()  # raises what has ended it
    serving.cancel()
    return signalled.result()


def run(serve):
    # poll(), since the usual epoll does not take standard input if that is a file.
    loop_factory = lambda: asyncio.SelectorEventLoop(selectors.PollSelector())
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(until_signalled(serve))
