"""A TCP proxy before FerretDB that lets one write through at a time, over all connections.

FerretDB 1.24 reads what a filter matches and then writes by `_id`, so two conditional updates at once both succeed.
Behind the gate a write has its answer before the next one starts, which is what MongoDB does for one document. Reads
pass freely. Run as a process: `python -m tests.support.ferretdb_gate <listen port> <server port>`; it ends with its
standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys

OP_MSG = 2013
# Header (length, request, response to, op code), flags, kind of the first section, size of its document.
FIRST_FIELD = 16 + 4 + 1 + 4
MESSAGE_LIMIT = 64 << 20
ONE_AT_A_TIME = frozenset({b"insert", b"update", b"delete", b"findAndModify", b"findandmodify", b"createIndexes"})


class Gate:
    """Serve connections; `turn` is what a write waits for."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._turn = asyncio.Lock()

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """One client's connection: each message gets one answer."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            server, requests = await asyncio.open_connection("127.0.0.1", self._server_port)
            try:
                while True:  # until either side hangs up
                    message = await read_message(client)
                    async with self._turn if command_of(message) in ONE_AT_A_TIME else contextlib.nullcontext():
                        requests.write(message)
                        answer = await read_message(server)
                    answers.write(answer)
                    await answers.drain()
            finally:
                await hang_up(requests)
        await hang_up(answers)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever state it is in."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def command_of(message: bytes) -> bytes:
    """The name of an OP_MSG's command: the first field of its first document. Empty for anything else."""
    if len(message) <= FIRST_FIELD or struct.unpack_from("<i", message, 12)[0] != OP_MSG or message[20] != 0:
        return b""
    return message[FIRST_FIELD + 1 : message.index(b"\0", FIRST_FIELD + 1)]


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """A whole message, header included."""
    header = await reader.readexactly(16)
    length: int = struct.unpack_from("<i", header)[0]
    if not 16 <= length <= MESSAGE_LIMIT:
        raise OSError("not a message")
    return header + await reader.readexactly(length - 16)


async def main(listen_port: int, server_port: int) -> None:
    """Serve until standard input ends."""
    async with await asyncio.start_server(Gate(server_port).serve, "127.0.0.1", listen_port):
        await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
