"""The relay's promises: order kept, nothing lost, nothing twice without a crash."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh import documents, events
from mesh.documents import port as documents_port
from mesh.events import port, topics
from mesh.events.relay import PAUSE_S, PROMPT_A_SECOND, Relay
from mesh.events.retry import Backoff
from tests.fakes.event_logs import FlakyLog
from tests.support import clocks
from tests.support.events_for_tests import event, number_of, until

TOPIC = "data.ingested"
QUICK = Backoff(first_s=0.001, longest_s=0.002)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[FlakyLog]:
    opened = await events.open_events("sqlite:events.db", tmp_path, clocks.HandClock())
    await opened.create_topics(topics.TOPICS)
    yield FlakyLog(opened)
    await opened.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[documents_port.Documents]:
    opened = await documents.open_documents("sqlite:credpass.db", tmp_path, clocks.HandClock())
    yield opened
    await opened.close()


async def _published(log: port.EventLog) -> list[int]:
    records: list[port.Record] = []
    async with log.consumer("check", [TOPIC]) as consumer:
        while found := await consumer.poll(1_000, 0.0):
            records += found
    return [number_of(record) for record in records]


async def _finish(*relays: Relay, tasks: list[asyncio.Task[None]]) -> None:
    for relay in relays:
        relay.stop()
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)


async def test_events_are_published_in_the_order_they_were_written(
    store: documents_port.Documents, log: FlakyLog
) -> None:
    relay = Relay(store, log)
    task = asyncio.create_task(relay.run())
    for start in range(0, 1200, 100):
        await store.append(*(event(number) for number in range(start, start + 100)))
    await until(lambda: relay.published == 1200)
    await _finish(relay, tasks=[task])
    assert await _published(log) == list(range(1200))
    assert await store.pending_events(10) == []


async def test_what_cannot_be_published_stays_and_shows_red(store: documents_port.Documents, log: FlakyLog) -> None:
    log.failures = 1_000_000
    relay = Relay(store, log, backoff=QUICK)
    await store.append(event(1), event(2))
    task = asyncio.create_task(relay.run())
    await until(lambda: not relay.healthy)
    assert "outbox" in relay.reason
    log.failures = 0
    await until(lambda: relay.published == 2)
    await until(lambda: relay.healthy)
    await _finish(relay, tasks=[task])
    assert await _published(log) == [1, 2]


async def test_of_several_relays_one_publishes_and_another_takes_over(
    store: documents_port.Documents, log: FlakyLog, tmp_path: Path
) -> None:
    other = await documents.open_documents("sqlite:credpass.db", tmp_path, clocks.HandClock())
    relays = [Relay(owner, log) for owner in (store, store, other)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    await store.append(*(event(number) for number in range(50)))
    await until(lambda: sum(relay.published for relay in relays) == 50)
    first = next(relay for relay in relays if relay.published)
    assert first.published == 50
    first.stop()
    await other.append(*(event(number) for number in range(50, 80)))
    await until(lambda: sum(relay.published for relay in relays) == 80)
    await _finish(*relays, tasks=tasks)
    await other.close()
    assert await _published(log) == list(range(80))


async def test_stop_publishes_what_is_there_first(store: documents_port.Documents, log: FlakyLog) -> None:
    relay = Relay(store, log)
    task = asyncio.create_task(relay.run())
    await store.append(event(0))
    await until(lambda: relay.published == 1)
    await store.append(*(event(number) for number in range(1, 1_001)))
    await _finish(relay, tasks=[task])
    assert await _published(log) == list(range(1_001))


async def test_a_relay_that_stands_by_stops_at_once(store: documents_port.Documents, log: FlakyLog) -> None:
    async with store.relay_turn():
        relay = Relay(store, log)
        await store.append(event(1))
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(0.01)
        await _finish(relay, tasks=[task])
    assert relay.published == 0
    assert len(await store.pending_events(10)) == 1


async def test_under_load_few_large_rounds_leave_room_for_the_stores_writers(
    store: documents_port.Documents, log: FlakyLog
) -> None:
    relay = Relay(store, log)
    task = asyncio.create_task(relay.run())
    rounds = seen = 0
    started_s = time.monotonic()
    for start in range(0, 600, 20):
        await store.append(*(event(number) for number in range(start, start + 20)))
        await asyncio.sleep(0)
        if relay.published != seen:
            rounds, seen = rounds + 1, relay.published
    await until(lambda: relay.published == 600)
    # Thirty writes of twenty: the first few go out at once, then what a second allows, the rest together after a pause.
    a_second = PROMPT_A_SECOND / 20 + 1 / PAUSE_S
    assert rounds <= PROMPT_A_SECOND / 20 + 1 + (time.monotonic() - started_s) * a_second
    await _finish(relay, tasks=[task])
    assert await _published(log) == list(range(600))
