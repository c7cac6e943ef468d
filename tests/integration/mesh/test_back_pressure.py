"""A consumer that is far too slow holds little, slows nobody down and loses nothing, on a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from mesh import events
from mesh.events import codec, kafka_consumer, port
from tests.support import clocks, kafka_server
from tests.support.events_for_tests import event

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
ROOT = Path(__file__).parents[3]
TOPIC, GROUP, PARTITIONS = "data.ingested", "group", 6
KEYS = 40
RECORD_BYTES, FIRST, ALL, AT_ONCE = 100_000, 80, 720, 80
# A third of what waits: room for what an allocator keeps, none for the backlog.
GROWTH_BYTES = (ALL - FIRST) * RECORD_BYTES // 3
# Of a machine that does much else.
LIMIT_S = 120.0


@pytest.fixture(scope="module")
def broker() -> Iterator[kafka_server.Broker]:
    with kafka_server.running() as running:
        yield running


@pytest.fixture
async def url(broker: kafka_server.Broker) -> str:
    return kafka_server.with_prefix(broker.url)


@pytest.fixture
async def log(url: str, tmp_path: Path) -> AsyncIterator[port.EventLog]:
    opened = await events.open_events(url, tmp_path, clocks.HandClock())
    await opened.create_topics([port.Topic(TOPIC, PARTITIONS, 7)])
    yield opened
    await opened.close()


async def acknowledged(log: port.EventLog, numbers: Sequence[int]) -> None:
    """Publish large records, some at a time; returns when the broker has all of them."""
    for start in range(0, len(numbers), AT_ONCE):
        await log.publish([large(number) for number in numbers[start : start + AT_ONCE]])


def large(number: int) -> port.Publication:
    key = f"user_{number % KEYS}"
    value = codec.encode(event(number, key=key, topic=TOPIC, padding="x" * RECORD_BYTES))
    return port.Publication(TOPIC, key, value)


async def test_what_is_in_hand_of_a_busy_partition_is_one_fetch(log: port.EventLog) -> None:
    await acknowledged(log, range(4 * FIRST))
    taken: dict[int, int] = {}
    async with log.consumer(GROUP, [TOPIC]) as consumer, asyncio.timeout(LIMIT_S):
        while len(taken) < PARTITIONS:
            for record in await consumer.poll(1000, 1.0, busy={(TOPIC, number) for number in taken}):
                taken[record.partition] = taken.get(record.partition, 0) + len(record.value)
        assert await consumer.poll(1000, 1.0, busy={(TOPIC, number) for number in taken}) == []
    assert max(taken.values()) <= kafka_consumer.PARTITION_FETCH_BYTES


@dataclasses.dataclass(frozen=True)
class Slow:
    """A worker in a process of its own that waits in its handler."""

    process: asyncio.subprocess.Process

    async def stands(self, word: str = "look") -> dict[str, int]:
        """How it stands; `go` lets it work."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        found: dict[str, int] = json.loads(await self.process.stdout.readline())
        return found

    async def reaches(self, what: str, count: int) -> dict[str, int]:
        """How it stands once so many are waiting, or done."""
        while (found := await self.stands())[what] < count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        return found


@contextlib.asynccontextmanager
async def slow_worker(url: str, folder: Path) -> AsyncIterator[Slow]:
    """A member of the group; it has ended when the block has."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"}
    command = [sys.executable, "-m", "tests.support.held_back_worker", url, str(folder), GROUP, TOPIC]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe)
    try:
        yield Slow(process)
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_memory_stays_flat_behind_a_handler_that_finishes_nothing_and_all_is_done_in_the_end(
    log: port.EventLog, url: str, tmp_path: Path
) -> None:
    async with asyncio.timeout(LIMIT_S), slow_worker(url, tmp_path) as slow:
        await acknowledged(log, range(FIRST))
        before = await slow.reaches("waiting", PARTITIONS)
        await acknowledged(log, range(FIRST, ALL))
        after = await slow.stands()
        assert (after["waiting"], after["done"]) == (PARTITIONS, 0)
        assert after["resident_bytes"] - before["resident_bytes"] < GROWTH_BYTES
        await slow.stands("go")
        await slow.reaches("done", ALL)
    assert await log.consumer(GROUP, [TOPIC]).lag() == 0
