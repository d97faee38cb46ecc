#!/usr/bin/env python3
"""Lab 1, the client: sends one line of its input and prints what comes back."""

import signal
import socket
import sys

import common
from common import PORTION, Failure, printable, reason


def say(event, explanation):
    common.say("client", event, explanation)


def connect(host, port):
    try:
        server = socket.create_connection((host, port))
    except (OSError, UnicodeError) as error:
        raise Failure(f"connect to {printable(host)}:{port}: {reason(error)}") from None
    say("connect", f"{server.getpeername()[0]}:{port}")
    return server


def exchange(server, portion):
    """Sends a portion and prints its echo, in as many pieces as it comes."""
    server.sendall(portion)
    say("send", f"{len(portion)} bytes")
    missing = len(portion)
    while missing:
        echo = server.recv(missing)
        if not echo:
            raise Failure("the server closed before all had come back")
        say("receive", f"{len(echo)} bytes")
        common.write_output(echo)
        missing -= len(echo)


def converse(server):
    line = sys.stdin.buffer.readline()
    if line and not line.endswith(b"\n"):
        line += b"\n"
    # In portions: were it sent whole, both sides could wait for the other to read.
    for start in range(0, len(line), PORTION):
        exchange(server, line[start:start + PORTION])


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback at Ctrl-C
    parser = common.Parser("client", description="Sends one line and prints what comes back.")
    parser.add_argument("host", metavar="HOST", nargs="?", default="127.0.0.1")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?", default=9090)
    arguments = parser.parse_args()
    with connect(arguments.host, arguments.port) as server:
        try:
            converse(server)
            say("disconnect", "by this client")
        except (OSError, Failure) as error:
            say("disconnect", "cut short")
            raise Failure(f"echo: {reason(error)}") from None


if __name__ == "__main__":
    sys.exit(common.run("client", main))
