"""Frames: the payload's length in four bytes, big-endian, and then the payload, which is UTF-8."""

import struct

from common import ProtocolError

MAX_PAYLOAD = 1 << 20  # bytes
HEADER = struct.Struct(">I")


def frame(text):
    payload = text.encode()
    return HEADER.pack(len(payload)) + payload


class Decoder:
    """Cuts messages out of bytes that come in pieces of any size."""

    def __init__(self):
        self.bytes = bytearray()

    def next(self):
        """The next message, or None if it is not all here."""
        if len(self.bytes) < HEADER.size:
            return None
        (length,) = HEADER.unpack_from(self.bytes)
        if length > MAX_PAYLOAD:
            raise ProtocolError(f"a frame of {length} bytes")
        end = HEADER.size + length
        if len(self.bytes) < end:
            return None
        payload = bytes(self.bytes[HEADER.size:end])
        del self.bytes[:end]
        try:
            return payload.decode()
        except UnicodeDecodeError:
            raise ProtocolError("a message that is no UTF-8") from None

    def check_end(self):
        if self.bytes:
            raise ProtocolError("half a frame, and closed")
