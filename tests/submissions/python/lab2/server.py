#!/usr/bin/env python3
"""Lab 2, the server: one client after another, and lines that are cut out of the stream."""

import asyncio
import signal
import socket
import sys

import common
from common import PORTION, Failure, ProtocolError, reason

MAX_LINE = 65536  # bytes, its end not counted
MAX_SILENCE = 5 * 60  # seconds


def say(event, explanation):
    common.say("server", event, explanation)


def open_listener(port):
    listener = socket.socket()
    listener.setblocking(False)
    # Else the port is refused for a minute after a restart (TIME_WAIT).
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("0.0.0.0", port))
        listener.listen()
    except OSError as error:
        raise Failure(f"listen on 0.0.0.0:{port}: {reason(error)}") from None
    say("listen", f"0.0.0.0:{port}")
    return listener


class Client:
    """A connection, as lines."""

    def __init__(self, connection, peer):
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.peer = peer
        self.received = bytearray()  # what is no line yet

    async def receive(self):
        """Adds a portion to what has been received. False at the end."""
        async with asyncio.timeout(MAX_SILENCE):
            portion = await self.loop.sock_recv(self.connection, PORTION)
        if portion:
            say("receive", f"{len(portion)} bytes from {self.peer}")
            self.received += portion
        return bool(portion)

    async def lines(self):
        """Yields every line without its end, which is \\n or \\r\\n; the last one may lack it."""
        searched = 0
        while True:
            end = self.received.find(b"\n", searched)
            line = self.received[:end if end >= 0 else None]
            if len(line.removesuffix(b"\r")) > MAX_LINE:
                raise ProtocolError(f"a line of more than {MAX_LINE} bytes")
            if end >= 0:
                del self.received[:end + 1]
                searched = 0
                yield bytes(line.removesuffix(b"\r"))
                continue
            searched = len(self.received)
            if not await self.receive():
                break
        if self.received:
            yield bytes(self.received)

    async def send(self, line):
        async with asyncio.timeout(MAX_SILENCE):
            await self.loop.sock_sendall(self.connection, line + b"\n")
        say("send", f"{len(line) + 1} bytes to {self.peer}")


async def converse(client):
    """Returns how the conversation ended."""
    async for line in client.lines():
        if line == b"exit":
            return "said exit"
        await client.send(line)
    return "closed"


async def serve_client(connection, address):
    peer = common.address_text(address)
    say("connect", peer)
    with connection:
        try:
            how = await converse(Client(connection, peer))
        except ProtocolError as error:
            say("error", f"{peer} sent {error}")
            how = "is dropped: it broke the protocol"
        except TimeoutError:
            how = "is dropped: nothing came from it for too long"
        except OSError as error:
            how = f"is lost: {reason(error)}"
    say("disconnect", f"{peer} {how}")


async def serve(port):
    loop = asyncio.get_running_loop()
    with open_listener(port) as listener:
        while True:
            try:
                connection, address = await loop.sock_accept(listener)
            except OSError as error:  # no descriptor free, it may be; later there will be one
                say("error", f"accept: {reason(error)}")
                await asyncio.sleep(0.1)
                continue
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
    say("start", "lab2_persistent")
    serving = asyncio.create_task(serve(port))
    await asyncio.wait({serving, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    if not signalled.done():
        serving.result()  # raises what has ended it
    serving.cancel()
    return signalled.result()


def main():
    parser = common.Parser("server", description="Returns every line that a client sends.")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?", default=9090)
    port = parser.parse_args().port
    say("stop", asyncio.run(serve_until_signalled(port)))


if __name__ == "__main__":
    sys.exit(common.run("server", main))
