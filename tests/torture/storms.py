"""What comes all at once: signals, and connections that never speak."""

import os
import resource
import signal
import socket
import threading

from conversations import PATIENCE, Refused, talk
from servers import Server

SILENT = 10_000
MEBIBYTE = 1 << 20


def many_signals(lab):
    """Stopped and continued five hundred times, it talks on as if nothing had been."""
    with Server(lab) as server:
        if not server.is_ready():
            return "it does not start"
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
        except (Refused, OSError) as error:
            return str(error)
        finally:
            over.set()
            thread.join()
        return None if lab == 1 or server.stop() == 0 else "it does not stop"


def many_silent_clients(lab):
    """With 10,000 connections that say nothing, one that speaks is served; and in little memory."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < SILENT + 100:
        return f"not tried: {hard} descriptors are all that is allowed here"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Server(lab) as server:
        if not server.is_ready():
            return "it does not start"
        silent = []
        try:
            for number in range(SILENT):
                here = (f"127.1.{number // 250}.{1 + number % 250}", 0)
                silent.append(socket.create_connection(("127.0.0.1", server.port), PATIENCE, here))
            talk(lab, server.port, 0)
            memory = peak_memory(server.process.pid)
        except (Refused, OSError) as error:
            return str(error)
        finally:
            for connection in silent:
                connection.close()
        if memory > 200 * MEBIBYTE:
            return f"it has used {memory // MEBIBYTE} MiB"
        talk(lab, server.port, 1)
        return None if server.stop() == 0 else "it does not stop"


def few_descriptors(lab):
    """Where a process may have 16 descriptors and 40 clients come, it serves the next when they
    have gone."""
    with Server(lab, ("prlimit", "--nofile=16:16")) as server:
        if not server.is_ready():
            return "it does not start"
        crowd = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in range(40)]
        for connection in crowd:
            connection.close()
        try:
            talk(lab, server.port, 0)
        except (Refused, OSError) as error:
            return str(error)
        return None if server.is_idle() and server.stop() == 0 else "it does not come to rest"


def peak_memory(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


STORMS = ((many_signals, range(1, 11)), (few_descriptors, range(2, 10)),
          (many_silent_clients, range(9, 10)))
