"""The scenes of `tools/demo`, one for each lab: a real conversation, as a person would have it.

A scene starts the lab's server and clients on its stage, types, and says what must come back; see
demo_stage.py for what a program can be asked to do. Its docstring is shown at its head: the lab's
idea, and what to watch for.
"""

import socket
import struct

from demo_lab10 import lab10  # noqa: F401  (a scene like those below)
from demo_stage import PATIENCE, free_ports, has_ipv6


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


def lab6(stage):
    """The server speaks first, and what it learns survives a crash.

    Watch: the same address is asked once. After kill -9 the server still knows its name."""
    port = free_ports()
    server = stage.server(port)
    server.says("Listening on port")
    client = stage.client("127.0.0.1", port)
    client.asks("What is your name? ")
    client.types("")
    client.says("A name has 1 to 32 characters.")
    client.asks("What is your name? ")
    client.types("Анна")
    client.shows("Nice to meet you, Анна!")
    client.asks("> ")
    client.types("exit")
    client.ends()

    server.dies()
    server = stage.server(port)
    server.says("Listening on port")
    client = stage.client("127.0.0.1", port)
    client.shows("Hello, Анна!")
    client.asks("> ")
    client.types("exit")
    client.ends()
    stop_silently(server)


def lab7(stage):
    """A password is never stored; a session is a secret with an end.

    Watch: what is typed is not shown, what is stored is not what was typed, and the second time
    nothing is asked at all."""
    port = free_ports()
    server = stage.server(port)
    server.says("Listening on port")

    client = stage.client("127.0.0.1", port)
    register(client, "Анна", "correct horse")
    client.asks("> ")
    client.types("logout")
    client.shows("Goodbye, Анна!")
    client.ends()
    stage.show_file(server, "users.tsv")

    client = stage.client("127.0.0.1", port)
    client.asks("What is your name? ")
    client.types("Анна")
    client.asks("What is your password? ")
    client.types_unseen("a wrong one")
    client.shows("That is not the password.")
    client.asks("What is your password? ")
    client.types_unseen("correct horse")
    client.shows("Hello, Анна!")
    client.asks("> ")
    client.types("exit")
    client.ends()

    client = stage.client("127.0.0.1", port)
    client.shows("Welcome back, Анна!")
    client.asks("> ")
    client.types("exit")
    client.ends()
    stop_silently(server)


def lab8(stage):
    """Length before payload.

    Watch: a frame is four bytes that say how long, high byte first, and then so many bytes. Each
    character of a Cyrillic name is two."""
    port = free_ports()
    server = stage.server(port)
    server.says("Listening on port")

    stage.remark("a visitor looks at the bytes")
    with socket.create_connection(("127.0.0.1", port)) as visitor:
        visitor.settimeout(PATIENCE)
        show_frame(stage, "comes", visitor.recv(4096))
        show_frame(stage, "sends", send_frame(visitor, ""))
        show_frame(stage, "comes", visitor.recv(4096))
        show_frame(stage, "sends", send_frame(visitor, "Анна"))
        show_frame(stage, "comes", visitor.recv(4096))

    client = stage.client("127.0.0.1", port)
    register(client, "Анна", "correct horse")
    client.asks("> ")
    client.types("a whole message, whatever recv() brings")
    client.shows("a whole message, whatever recv() brings")
    client.asks("> ")
    client.types("exit")
    client.ends()
    stop_silently(server)


def lab9(stage):
    """One thread waits for everybody: poll().

    Watch: three clients and the person at the server's console, all in one dialog. Nobody waits
    until it is somebody else's turn."""
    port = free_ports()
    server = stage.server(port)
    server.says("Listening on port")

    names = ("Anna", "Борис", "Chris")
    clients = {name: stage.client("127.0.0.1", port, label=f"{name:5}") for name in names}
    for name, client in clients.items():
        register(client, name, f"password of {name}")
    for name in ("Борис", "Anna"):
        clients[name].asks("> ")
        clients[name].types(f"{name} asks")
        server.shows(f"{name}: {name} asks")
    server.types("an answer for who asked first")
    clients["Борис"].shows("an answer for who asked first")
    server.types("@Chris you have not asked, but hello")
    clients["Chris"].shows("you have not asked, but hello")
    server.types("and Anna has waited long enough")
    clients["Anna"].shows("and Anna has waited long enough")
    for client in clients.values():
        client.asks("> ")
        client.types("exit")
        client.ends()
    stop_silently(server)


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


def register(client, name, password):
    client.asks("What is your name? ")
    client.types(name)
    client.asks("You are new here. Choose a password: ")
    client.types_unseen(password)
    client.asks("The same password again: ")
    client.types_unseen(password)
    client.shows(f"Nice to meet you, {name}!")


def send_frame(visitor, text):
    payload = text.encode()
    frame = struct.pack(">I", len(payload)) + payload
    visitor.sendall(frame)
    return frame


def show_frame(stage, verb, frame):
    """`hexdump -C`, as wide as a narrow screen has room for."""
    length = int.from_bytes(frame[:4], "big")
    stage.check(length == len(frame) - 4, f"a frame of {len(frame)} bytes announces {length}")
    for at in range(0, len(frame), 8):
        row = frame[at:at + 8]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        stage.remark(f"{verb if at == 0 else '':5}  {row.hex(' '):23}  {text}")


def stop_silently(server):
    """From lab 4 on its messages are in the log."""
    server.presses_ctrl_c()
    server.ends()
