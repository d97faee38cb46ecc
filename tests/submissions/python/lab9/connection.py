"""A client's connection, as messages; it never keeps the others waiting."""

import asyncio
import collections
import socket

import frames
from common import Left, reason
from log import say

MAX_UNSENT = frames.HEADER.size + frames.MAX_PAYLOAD  # bytes
FRAMES_A_TURN = 64
GOODBYE = 2  # seconds


class Client:
    def __init__(self, connection, peer):
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.peer = peer
        self.name = None  # until it is known
        self.decoder = frames.Decoder()
        self.unsent = collections.deque()  # frames, the first one perhaps in part
        self.unsent_bytes = 0
        self.all_is_sent = asyncio.Event()
        self.all_is_sent.set()
        self.dropped = None  # or why
        self.turn = 0

    async def message(self):
        """The next one, or None at the end."""
        self.turn += 1
        if self.turn % FRAMES_A_TURN == 0:
            await asyncio.sleep(0)  # and now the others
        while True:
            if self.dropped:
                raise Left(self.dropped)
            message = self.decoder.next()
            if message is not None:
                say("receive", f"{len(message.encode())} bytes from {self.peer}")
                return message
            some = await self.loop.sock_recv(self.connection, 65536)
            if not some:
                self.decoder.check_end()
                return None
            self.decoder.bytes += some

    async def answer(self, what, question):
        self.send(f"ASK {what} {question}")
        answer = await self.message()
        if answer is None:
            raise Left("closed at a question")
        return answer

    def send(self, message):
        """Does not wait: what cannot go now will go later."""
        if self.dropped:
            return
        frame = frames.frame(message)
        self.unsent.append(memoryview(frame))
        self.unsent_bytes += len(frame)
        self.all_is_sent.clear()
        if len(self.unsent) == 1:
            self.send_unsent()
        if self.unsent_bytes > MAX_UNSENT:
            self.drop("is dropped: it does not read")

    def send_unsent(self):
        try:
            while self.unsent:
                sent = self.connection.send(self.unsent[0])
                self.unsent_bytes -= sent
                self.unsent[0] = self.unsent[0][sent:]
                if not self.unsent[0]:
                    frame = self.unsent.popleft().obj
                    say("send", f"{len(frame) - frames.HEADER.size} bytes to {self.peer}")
        except BlockingIOError:
            self.loop.add_writer(self.connection, self.send_unsent)
            return
        except OSError as error:
            return self.drop(f"is lost: {reason(error)}")
        self.loop.remove_writer(self.connection)
        self.all_is_sent.set()

    def drop(self, why):
        """Its own task will see it at its next message."""
        self.dropped = self.dropped or why
        self.unsent.clear()
        self.all_is_sent.set()
        self.loop.remove_writer(self.connection)
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    async def say_goodbye(self):
        """Until all is sent, and all is read that still comes: a close that leaves something
        unread is a reset, which would overtake our last words."""
        await self.all_is_sent.wait()
        try:
            self.connection.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(GOODBYE):
                while await self.loop.sock_recv(self.connection, 65536):
                    pass
        except OSError:  # TimeoutError is one
            pass

    def close(self):
        self.loop.remove_writer(self.connection)
        self.connection.close()
