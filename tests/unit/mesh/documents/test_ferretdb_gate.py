"""The gate before FerretDB: one write at a time, reads freely, nothing changed on the way."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import bson
import pytest

from tests.support import ferretdb_gate as gate

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def message(command: str, op_code: int = gate.OP_MSG, kind: int = 0) -> bytes:
    body = struct.pack("<IB", 0, kind) + bson.encode({command: "things", "$db": "shop"})
    return struct.pack("<iiii", 16 + len(body), 1, 0, op_code) + body


class SlowServer:
    """Answers each message with itself after a moment, and knows how many it had in hand at most, by command."""

    def __init__(self) -> None:
        self.inside: dict[bytes, int] = {}
        self.most: dict[bytes, int] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                received = await gate.read_message(reader)
                command = gate.command_of(received)
                self.inside[command] = self.inside.get(command, 0) + 1
                self.most[command] = max(self.most.get(command, 0), self.inside[command])
                await asyncio.sleep(0.02)
                self.inside[command] -= 1
                writer.write(received)
        await gate.hang_up(writer)


@contextlib.asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A server's port; leaving waits for its connections to end."""
    connections: set[asyncio.Task[None] | None] = set()

    async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        await serve(reader, writer)

    async with await asyncio.start_server(tracked, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*(connection for connection in connections if connection))


@contextlib.asynccontextmanager
async def before(server: SlowServer) -> AsyncIterator[int]:
    """The port of a gate before a server."""
    async with listening(server.serve) as port, listening(gate.Gate(port).serve) as front:
        yield front


async def ask(port: int, *requests: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for request in requests:
        writer.write(request)
        answers.append(await gate.read_message(reader))
    await gate.hang_up(writer)
    return answers


@pytest.mark.parametrize(("command", "most"), [("update", 1), ("findAndModify", 1), ("insert", 1), ("find", 4)])
async def test_writes_pass_one_at_a_time_and_reads_side_by_side(command: str, most: int) -> None:
    server = SlowServer()
    async with before(server) as port:
        await asyncio.gather(*(ask(port, message(command), message(command)) for _ in range(4)))
    assert server.most == {command.encode(): most}


async def test_a_client_that_leaves_while_its_write_is_under_way_blocks_nobody() -> None:
    async with before(SlowServer()) as port, asyncio.timeout(10):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message("update"))
        await writer.drain()
        await gate.hang_up(writer)
        assert await ask(port, message("update")) == [message("update")]


def test_only_commands_have_names() -> None:
    assert gate.command_of(message("update")) == b"update"
    assert gate.command_of(message("update", op_code=2004)) == b""
    assert gate.command_of(message("update", kind=1)) == b""
    assert gate.command_of(message("update")[:16]) == b""
