"""The scenes of `tools/demo`, one for each lab: a real conversation, as a person would have it.

A scene starts the lab's server and clients on its stage, types, and says what must come back; see
demo_stage.py for what a program can be asked to do. Its docstring is shown at its head: the lab's
idea, and what to watch for.
"""

import socket
import struct

from demo_stage import free_ports, has_ipv6


def lab1(stage):
    """The life of a connection, from socket() to close().

    Watch: 15 characters and a newline are 28 bytes. The server does not know what they mean, and
    returns them as they came."""
    port = free_ports()
    server = stage.server(port)
    server.says("listen: ")

    client = connect(stage, server, "127.0.0.1", port)
    client.types("Привет, сокеты!")
    client.says("send: 28 bytes")
    server.says("receive: 28 bytes")
    server.says("send: 28 bytes")
    client.says("receive: 28 bytes")
    client.shows("Привет, сокеты!")
    client.ends()

    server.says("disconnect: ")
    server.says("stop: ")
    server.ends()


def lab2(stage):
    """One listener, many connections; and lines, cut out of a stream of bytes.

    Watch: the second visitor resets the connection in the middle of a line. The server says so,
    and serves the third."""
    port = free_ports()
    server = stage.server(port)
    server.says("listen: ")

    client = connect(stage, server, "127.0.0.1", port)
    talk(client, server, "TCP carries bytes, not messages")
    leave(client, server)

    with socket.create_connection(("127.0.0.1", port)) as visitor:
        visitor.sendall("half a li".encode())
        stage.remark("a visitor sends “half a li”")
        server.says("receive: 9 bytes")
        # To linger for 0 seconds: close() throws the connection away with a RST.
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stage.remark("and resets the connection")
    server.says("disconnect: ")

    client = connect(stage, server, "127.0.0.1", port)
    talk(client, server, "Вы ещё здесь?")
    client.asks("> ")
    client.presses_ctrl_d()
    client.ends()
    server.says("disconnect: ")

    stop(server)


def lab3(stage):
    """Ask, check, default; names, and both address families.

    Watch: no answer is taken that would not do. One server is reached by IPv6 and by IPv4."""
    port = str(free_ports())
    server = stage.server()
    for answer in ("abc", "70000", port):
        server.asks("Port [9090]: ")
        server.types(answer)
    server.says("listen: ")

    client = stage.client()
    for answer in ("127..1", "::1" if has_ipv6() else ""):
        client.asks("Host [127.0.0.1]: ")
        client.types(answer)
    for answer in ("-1", port):
        client.asks("Port [9090]: ")
        client.types(answer)
    client.says("connect: [::1]" if has_ipv6() else "connect: 127.0.0.1")
    server.says("connect: ")
    talk(client, server, "over IPv6" if has_ipv6() else "no IPv6 here")
    leave(client, server)

    client = connect(stage, server, "127.0.0.1", port)
    talk(client, server, "over IPv4")
    leave(client, server)

    stop(server)


def lab4(stage):
    """A server's messages are a log.

    Watch: the left side stays silent; all of it is in server.log, with its time."""
    port = free_ports()
    server = stage.server(port)
    server.log_says("listen: ")

    client = stage.client("127.0.0.1", port)
    client.asks("> ")
    client.types("Is anybody there?")
    client.shows("Is anybody there?")
    client.asks("> ")
    client.types("exit")
    client.ends()

    server.log_says("disconnect: ")
    server.presses_ctrl_c()
    server.ends()
    stage.check(not server.lines, "the server was not silent")
    server.log_says("stop: ")
    stage.show_log(server)


def lab5(stage):
    """What EADDRINUSE is: somebody else has that port.

    Watch: the second server wants the port of the first, takes the next, and says which. The
    client reaches it there."""
    port = free_ports(2)
    first = stage.server(port, label="first ")
    first.says(f"Listening on port {port}")
    second = stage.server(port, label="second")
    moved = int(second.says("Listening on port ").split()[-1])
    stage.check(moved > port, f"the second server did not move on from port {port}")

    client = stage.client("127.0.0.1", moved)
    client.asks("> ")
    client.types("Which of you is it?")
    client.shows("Which of you is it?")
    client.asks("> ")
    client.types("exit")
    client.ends()
    second.log_says("disconnect: ")

    for server in (first, second):
        server.presses_ctrl_c()
        server.ends()


def connect(stage, server, *arguments):
    client = stage.client(*arguments)
    client.says("connect: ")
    server.says("connect: ")
    return client


def talk(client, server, line):
    """A line and its echo, from the client's prompt to the server's messages."""
    client.asks("> ")
    client.types(line)
    client.says("send: ")
    server.says("receive: ")
    server.says("send: ")
    client.says("receive: ")
    client.shows(line)


def leave(client, server):
    client.asks("> ")
    client.types("exit")
    client.ends()
    server.says("disconnect: ")


def stop(server):
    server.presses_ctrl_c()
    server.says("stop: ")
    server.ends()
