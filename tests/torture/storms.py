"""What comes all at once: signals, connections that never speak, more than there is room for."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import tempfile
import threading

from conversations import PASSWORD, PATIENCE, Member, talk
from relay import Relay
from servers import NotTried, Server, Wrong, program, require

SILENT = 10_000
MEBIBYTE = 1 << 20
TINY = 1  # bytes of a socket's buffer; the system makes the smallest of it that it has


def many_signals(lab):
    """Stopped and continued five hundred times, it talks on as if nothing had been."""
    with Server(lab) as server:
        server.must_listen()
        over = threading.Event()

        def storm():
            for _ in range(500):
                for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG):
                    os.kill(server.process.pid, number)
                if over.wait(0.001):
                    return
        thread = threading.Thread(target=storm)
        thread.start()
        try:
            for number in range(1 if lab == 1 else 3):
                talk(lab, server.port, number)
        finally:
            over.set()
            thread.join()
        if lab > 1:
            server.must_come_to_rest_and_stop()


def many_silent_clients(lab):
    """With 10,000 connections that say nothing, one that speaks is served; and in little memory."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < SILENT + 100:
        raise NotTried(f"{hard} descriptors are all that is allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Server(lab) as server, contextlib.ExitStack() as silent:
        server.must_listen()
        for number in range(SILENT):
            here = (f"127.1.{number // 250}.{1 + number % 250}", 0)
            connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE, here)
            silent.enter_context(connection)
        talk(lab, server.port, 0)
        memory = peak_memory(server.process.pid)
        require(memory < 200 * MEBIBYTE, f"it has used {memory // MEBIBYTE} MiB")
        silent.close()
        talk(lab, server.port, 1)
        server.must_come_to_rest_and_stop()


def many_strangers(lab):
    """10,000 who want to join and never prove their address cost it nothing."""
    with Server(lab) as server:
        server.must_listen()
        talk(lab, server.port, 0)
        before = peak_memory(server.process.pid)
        for number in range(SILENT):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind((f"127.1.{number // 250}.{1 + number % 250}", 0))
                stranger.sendto(f"JOIN stranger{number}".encode(), ("127.0.0.1", server.port))
        talk(lab, server.port, 1)
        more = peak_memory(server.process.pid) - before
        require(more < MEBIBYTE, f"it has used {more} bytes more")
        server.must_come_to_rest_and_stop()


def few_descriptors(lab):
    """Where a process may have 16 descriptors and 40 clients come, it serves the next when they
    have gone."""
    with Server(lab, ("prlimit", "--nofile=16:16")) as server:
        server.must_listen()
        crowd = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in range(40)]
        for connection in crowd:
            connection.close()
        talk(lab, server.port, 0)
        server.must_come_to_rest_and_stop()


def tiny_buffers(lab):
    """What goes through sockets that take hardly anything at a time comes back whole."""
    if lab == 10:
        return chat_through_a_tiny_buffer()
    sizes = (60_000,) if lab == 1 else (1, 1000, 0, 60_000, 5, 4096)
    lines = "".join("я" * (size // 2) + "z" * (size % 2) + "\n" for size in sizes)
    answers = ("Guest\n" if lab >= 6 else "") + (f"{PASSWORD}\n" * 2 if lab >= 7 else "")
    with (Server(lab) as server, Relay(TINY) as relay,
          tempfile.TemporaryDirectory(prefix="torture.") as folder):
        server.must_listen()
        relay.lead_to(server.port)
        client = subprocess.run([program(lab, "client"), "127.0.0.1", str(relay.port)], cwd=folder,
                                input=(answers + lines).encode(), capture_output=True,
                                timeout=10 * PATIENCE, check=False)
        require(client.stdout == lines.encode(), f"{len(client.stdout)} bytes came back")
        require(client.returncode == 0, f"the client ended with {client.returncode}")
        if lab > 1:
            talk(lab, server.port, 1)
            server.must_come_to_rest_and_stop()


def chat_through_a_tiny_buffer():
    """A member who has room for one datagram or two gets a hundred long lines, in order."""
    said = [f"{number} " + "x" * 900 for number in range(1, 101)]
    with Server(10) as server:
        server.must_listen()
        with Member(server.port, "anna") as anna, Member(server.port, "boris", TINY) as boris:
            for number, text in enumerate(said, 1):
                anna.say(number, text)
            heard = boris.lines(len(said))
            require(heard == said, f"{len(heard)} lines of {len(said)} came, or in another order")
            boris.leave()
        server.must_come_to_rest_and_stop()


def peak_memory(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise Wrong("it has ended")


TRIALS = ((many_signals, range(1, 11)), (few_descriptors, range(2, 10)),
          (tiny_buffers, range(1, 11)), (many_silent_clients, [9]), (many_strangers, [10]))
