"""Sockets on both families, and what keeps a server going: signals and input."""

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


def open_socket(family, host, port):
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        udp.setblocking(False)
        if family == socket.AF_INET6:  # IPv4 has a socket of its own
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # As much as the system allows: a crowd acknowledges all at once.
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        # No SO_REUSEADDR, by which two UDP servers would share the port.
        udp.bind((host, port))
    except OSError:
        udp.close()
        raise
    return udp


def open_sockets(port):
    """A socket for each family that the machine has."""
    sockets = []
    try:
        for family, host in FAMILIES:
            try:
                sockets.append(open_socket(family, host, port))
            except OSError as error:
                if not is_missing(family, error):
                    raise
    except OSError:
        for udp in sockets:
            udp.close()
        raise
    return sockets


def is_missing(family, error):
    no_such_family = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return family == socket.AF_INET6 and no_such_family


def bind(wanted):
    """On this port or, while that is busy, on the next one."""
    for port in itertools.chain(range(wanted, 65536), range(1024, wanted)):
        try:
            sockets = open_sockets(port)
            break
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Failure(f"bind to port {port}: {reason(error)}") from None
    else:
        raise Failure(f"bind: every port from {wanted} on is busy")
    for udp in sockets:
        say("listen", common.address_text(udp.getsockname()))
    common.write_output(f"Listening on port {port}\n".encode())
    return sockets


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
