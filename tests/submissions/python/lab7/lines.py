"""A client's connection, as lines."""

import asyncio

from common import PORTION, Left, ProtocolError
from log import say

MAX_LINE = 65536  # bytes, its end not counted
MAX_SILENCE = 5 * 60  # seconds


class Client:
    def __init__(self, connection, peer):
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.peer = peer
        self.received = bytearray()  # what is no line yet
        self.is_cut_off = False  # the last line had no end

    async def receive(self):
        """Adds a portion to what has been received. False at the end."""
        async with asyncio.timeout(MAX_SILENCE):
            portion = await self.loop.sock_recv(self.connection, PORTION)
        if portion:
            say("receive", f"{len(portion)} bytes from {self.peer}")
            self.received += portion
        return bool(portion)

    async def line(self):
        """The next line without its end, which is \\n or \\r\\n, or None; the last may lack it."""
        searched = 0
        while True:
            end = self.received.find(b"\n", searched)
            line = bytes(self.received[:end if end >= 0 else None])
            if len(line.removesuffix(b"\r")) > MAX_LINE:
                raise ProtocolError(f"a line of more than {MAX_LINE} bytes")
            if end >= 0:
                del self.received[:end + 1]
                return line.removesuffix(b"\r")
            searched = len(self.received)
            if not await self.receive():
                self.received.clear()
                self.is_cut_off = bool(line)
                return line or None

    async def answer(self, what, question):
        await self.send(f"ASK {what} {question}".encode())
        answer = await self.line()
        if answer is None or self.is_cut_off:
            raise Left("closed at a question")
        return answer

    async def send(self, line):
        async with asyncio.timeout(MAX_SILENCE):
            await self.loop.sock_sendall(self.connection, line + b"\n")
        say("send", f"{len(line) + 1} bytes to {self.peer}")
