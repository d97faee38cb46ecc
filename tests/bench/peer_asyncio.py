"""Python's asyncio: returns portions of at most 1,024 bytes, or frames.

  peer_asyncio.py PORT echo|frames
"""

import asyncio
import sys


async def echo(reader, writer):
    while portion := await reader.read(1024):
        writer.write(portion)
        await writer.drain()
    writer.close()


async def echo_frames(reader, writer):
    try:
        while True:
            header = await reader.readexactly(4)
            payload = await reader.readexactly(int.from_bytes(header, "big"))
            writer.write(header + payload)
            await writer.drain()
    except asyncio.IncompleteReadError:  # the client has closed
        writer.close()


async def main():
    talk = echo_frames if sys.argv[2] == "frames" else echo
    server = await asyncio.start_server(talk, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


asyncio.run(main())
