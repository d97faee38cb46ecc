#!/usr/bin/env python3
"""Lab 1, the server: takes one client, returns its bytes, and ends when it has left."""

import asyncio
import signal
import socket
import sys

import common
from common import PORTION, Failure, reason


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


async def echo(client, peer):
    loop = asyncio.get_running_loop()
    while portion := await loop.sock_recv(client, PORTION):
        say("receive", f"{len(portion)} bytes from {peer}")
        await loop.sock_sendall(client, portion)
        say("send", f"{len(portion)} bytes to {peer}")


async def serve(port):
    with open_listener(port) as listener:
        client, (host, number) = await asyncio.get_running_loop().sock_accept(listener)
    peer = f"{host}:{number}"
    say("connect", peer)
    with client:
        try:
            await echo(client, peer)
            say("disconnect", f"{peer} closed")
        except OSError as error:
            say("disconnect", f"{peer} is lost: {reason(error)}")


async def serve_until_signalled(port):
    """Returns why it is over: the client has left, or the name of a signal."""
    loop = asyncio.get_running_loop()
    signals = {signal.SIGINT, signal.SIGTERM}
    signalled = loop.create_future()

    def on_signal(number):
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # the first one does
        if not signalled.done():
            signalled.set_result(number.name)

    for number in signals:
        loop.add_signal_handler(number, on_signal, number)
    say("start", "lab1_echo")
    serving = asyncio.create_task(serve(port))
    await asyncio.wait({serving, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    if not serving.done():
        serving.cancel()
        return signalled.result()
    serving.result()  # raises what ended it, if it failed
    return "the client has left"


def main():
    parser = common.Parser("server", description="Returns every byte that one client sends.")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?", default=9090)
    port = parser.parse_args().port
    say("stop", asyncio.run(serve_until_signalled(port)))


if __name__ == "__main__":
    sys.exit(common.run("server", main))
