"""What the person at the server's console is shown, by a thread: a console that is not read (or
stopped with Ctrl-S) keeps nobody waiting but this thread."""

import asyncio
import os
import queue
import threading

from common import Failure, reason

MAX_WAITING = 16 << 20  # bytes
LAST_WORDS = 0.3  # seconds, for what is not written yet at the end


class Console:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.failure = self.loop.create_future()  # gets an exception, if anything
        self.queue = queue.SimpleQueue()
        self.waiting = 0
        self.left_out = 0
        self.thread = threading.Thread(target=self.write_all, daemon=True)
        self.thread.start()

    def show(self, text):
        self.put(1, text)

    def tell(self, text):
        self.put(2, text)

    def put(self, descriptor, text):
        if self.waiting > MAX_WAITING:
            self.left_out += 1
            return
        if self.left_out:
            text = f"({self.left_out} lines are left out here)\n{text}"
            self.left_out = 0
        data = text.encode()
        self.waiting += len(data)
        self.queue.put((descriptor, data))

    def write_all(self):
        while entry := self.queue.get():
            descriptor, data = entry
            try:
                while data:
                    written = os.write(descriptor, data)
                    data = data[written:]
                    self.loop.call_soon_threadsafe(self.has_written, written)
            except OSError as error:
                if descriptor == 1:
                    self.loop.call_soon_threadsafe(self.has_failed, reason(error))
                    return
            except RuntimeError:  # the loop is closed: this is the end
                return

    def has_written(self, size):
        self.waiting -= size

    def has_failed(self, why):
        self.failure.set_exception(Failure(f"write standard output: {why}"))

    def close(self):
        self.queue.put(None)
        self.thread.join(LAST_WORDS)
