"""Dead letters go back where they came from, each once, however often one asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli import topics as event_topics
from mesh import errors, events
from mesh.events import dead_letters, port, topics
from tests.support import clocks
from tests.support.events_for_tests import number_of, publication

TOPIC = "data.ingested"


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[port.EventLog]:
    opened = await events.open_events("sqlite:events.db", tmp_path, clocks.HandClock())
    await opened.create_topics(topics.TOPICS)
    yield opened
    await opened.close()


async def _bury(log: port.EventLog, *numbers: int) -> None:
    for number in numbers:
        sent = publication(number)
        record = port.Record(TOPIC, 0, number, sent.key, sent.value, {})
        await log.publish([dead_letters.letter(record, errors.Internal(), attempts=5, group="group")])


async def _on_topic(log: port.EventLog) -> list[int]:
    numbers: list[int] = []
    async with log.consumer("reader", [TOPIC]) as consumer:
        while records := await consumer.poll(100, 0.0):
            numbers += [number_of(record) for record in records]
    return numbers


async def test_the_oldest_go_back_first_and_each_once(log: port.EventLog) -> None:
    await _bury(log, *range(7))
    assert await event_topics.redrive(log, TOPIC, 3) == (3, 4)
    assert await event_topics.redrive(log, TOPIC, 100) == (4, 0)
    assert await event_topics.redrive(log, TOPIC, 100) == (0, 0)
    assert await _on_topic(log) == list(range(7))


async def test_more_than_a_batch_goes_back(log: port.EventLog) -> None:
    count = 2 * event_topics.BATCH + 1
    await _bury(log, *range(count))
    assert await event_topics.redrive(log, TOPIC, 1_000) == (count, 0)
    assert await _on_topic(log) == list(range(count))


async def test_a_redrive_that_was_cut_short_is_taken_up_again(log: port.EventLog) -> None:
    await _bury(log, 1, 2)
    async with log.consumer(event_topics.REDRIVE_GROUP, [topics.dead_letter(TOPIC)]) as cut_short:
        assert len(await cut_short.poll(2, 5.0)) == 2
    assert await event_topics.redrive(log, TOPIC, 10) == (2, 0)
