"""A relay between a client and a server: all goes through sockets with the buffers that it wants."""

import contextlib
import socket
import threading

from conversations import PATIENCE

PIECE = 500  # bytes that it takes at a time


class Relay:
    """For one connection. `buffer` is the size of its sockets' buffers, in bytes."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.listener = self.with_buffers(socket.socket())  # who is accepted has what this one has
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def with_buffers(self, made):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer)
        return made

    def lead_to(self, port):
        """Takes the next client to that port; returns at once."""
        threading.Thread(target=self.serve, args=(port,), daemon=True).start()

    def serve(self, port):
        self.listener.settimeout(PATIENCE)
        client, _ = self.listener.accept()
        with client, self.with_buffers(socket.socket()) as server:
            server.connect(("127.0.0.1", port))
            back = threading.Thread(target=carry, args=(server, client))
            back.start()
            carry(client, server)
            back.join()


def carry(source, target):
    """All that comes, and its end; if one side is reset, the other hears of an end."""
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
