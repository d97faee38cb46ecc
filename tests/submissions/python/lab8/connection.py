"""A client's connection, as messages."""

import asyncio

import frames
from common import Left
from log import say

MAX_SILENCE = 5 * 60  # seconds


class Client:
    def __init__(self, connection, peer):
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.peer = peer
        self.decoder = frames.Decoder()

    async def message(self):
        """The next one, or None at the end."""
        while (message := self.decoder.next()) is None:
            async with asyncio.timeout(MAX_SILENCE):
                some = await self.loop.sock_recv(self.connection, 65536)
            if not some:
                self.decoder.check_end()
                return None
            self.decoder.bytes += some
        say("receive", f"{len(message.encode())} bytes from {self.peer}")
        return message

    async def answer(self, what, question):
        await self.send(f"ASK {what} {question}")
        answer = await self.message()
        if answer is None:
            raise Left("closed at a question")
        return answer

    async def send(self, message):
        async with asyncio.timeout(MAX_SILENCE):
            await self.loop.sock_sendall(self.connection, frames.frame(message))
        say("send", f"{len(message.encode())} bytes to {self.peer}")
