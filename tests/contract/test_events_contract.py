"""What every event log keeps. Another backend becomes another entry of BACKENDS."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mesh import errors, events
from mesh.events import port
from tests.support import clocks, kafka_records, kafka_server
from tests.support.events_for_tests import number_of, publication, until

BACKENDS = ["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)]
ROOT = Path(__file__).parents[2]
TOPIC = "data.ingested"
TOPICS = (port.Topic(TOPIC, 6, 7), port.Topic("audit.events", 3, 90))
USERS = 40

Opener = Callable[[], Awaitable[port.EventLog]]


@pytest.fixture(scope="session")
def kafka() -> Iterator[kafka_server.Broker]:
    with kafka_server.running() as broker:
        yield broker


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest) -> str:
    if backend == "sqlite":
        return "sqlite:events.db"
    broker: kafka_server.Broker = request.getfixturevalue("kafka")
    return kafka_server.with_prefix(broker.url)


@pytest.fixture
def patience_s(backend: str) -> float:
    """After how long an empty poll means that there is nothing: a log elsewhere does not answer at once."""
    return 0.0 if backend == "sqlite" else 1.0


@pytest.fixture
def clock() -> clocks.HandClock:
    return clocks.HandClock()


@pytest.fixture
async def open_log(url: str, tmp_path: Path, clock: clocks.HandClock) -> AsyncIterator[Opener]:
    opened: list[port.EventLog] = []

    async def open_() -> port.EventLog:
        log = await events.open_events(url, tmp_path, clock)
        opened.append(log)
        await log.create_topics(TOPICS)
        return log

    yield open_
    for log in opened:
        await log.close()


@pytest.fixture
async def log(open_log: Opener) -> port.EventLog:
    return await open_log()


async def _publish(log: port.EventLog, numbers: Sequence[int], topic: str = TOPIC) -> None:
    await log.publish([publication(number, key=f"user_{number % USERS}", topic=topic) for number in numbers])


async def _take(consumer: port.Consumer, count: int, *, commit: bool = True, limit: int = 50) -> list[port.Record]:
    taken: list[port.Record] = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            records = await consumer.poll(min(limit, count - len(taken)), 1.0)
            taken += records
            if commit:
                await consumer.commit(records)
    return taken


async def _rest(
    consumer: port.Consumer, patience_s: float, busy: frozenset[tuple[str, int]] = frozenset()
) -> list[port.Record]:
    """All records that are there for a consumer now."""
    taken: list[port.Record] = []
    while records := await consumer.poll(100, patience_s, busy=busy):
        taken += records
    return taken


def _numbers(records: Sequence[port.Record]) -> list[int]:
    return sorted(number_of(record) for record in records)


async def test_records_come_in_order_within_a_key(log: port.EventLog) -> None:
    for start in range(0, 400, 40):
        await _publish(log, range(start, start + 40))
    async with log.consumer("group", [TOPIC]) as consumer:
        records = await _take(consumer, 400)
        assert await consumer.poll(10, 0.0) == []
    assert _numbers(records) == list(range(400))
    assert {record.partition for record in records} == set(range(6))
    by_key: dict[str, list[int]] = {}
    places: dict[int, list[int]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(number_of(record))
        places.setdefault(record.partition, []).append(record.offset)
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    assert all(offsets == list(range(len(offsets))) for offsets in places.values())


async def test_a_key_stays_in_its_partition(log: port.EventLog) -> None:
    for number in range(20):
        await log.publish([publication(number, key="user_7")])
    async with log.consumer("group", [TOPIC]) as consumer:
        records = await _take(consumer, 20)
    assert len({record.partition for record in records}) == 1


async def test_value_and_headers_come_back_as_they_were(log: port.EventLog) -> None:
    sent = port.Publication(TOPIC, "user_ü", b'{"a":"\xc3\xbc"}', {"reason": 'x"y', "attempts": "3"})
    await log.publish([sent, port.Publication("audit.events", "", b"{}")])
    async with log.consumer("group", [TOPIC, "audit.events"]) as consumer:
        records = {record.topic: record for record in await _take(consumer, 2)}
    first, second = records[TOPIC], records["audit.events"]
    assert (first.key, first.value, first.headers) == (sent.key, sent.value, sent.headers)
    assert (second.key, second.value, second.headers) == ("", b"{}", {})


async def test_every_group_sees_every_record_from_the_oldest(log: port.EventLog) -> None:
    await _publish(log, range(10))
    for group in ("first", "second"):
        async with log.consumer(group, [TOPIC]) as consumer:
            assert _numbers(await _take(consumer, 10)) == list(range(10))


async def test_a_topic_that_nobody_created_is_refused(log: port.EventLog) -> None:
    with pytest.raises(LookupError):
        await log.publish([publication(1), publication(2, topic="nobodys.topic")])
    async with log.consumer("group", [TOPIC]) as consumer:
        assert await consumer.poll(10, 0.0) == []


async def test_a_poll_wakes_for_a_record_of_this_or_another_process(log: port.EventLog, open_log: Opener) -> None:
    other = await open_log()
    loop = asyncio.get_running_loop()
    async with log.consumer("group", [TOPIC]) as consumer:
        for number, writer in enumerate((log, other)):
            poll = asyncio.create_task(consumer.poll(10, 30.0))
            await asyncio.sleep(0.1)
            assert not poll.done()
            started = loop.time()
            await _publish(writer, [number])
            assert _numbers(await poll) == [number]
            assert loop.time() - started < 5


async def test_a_poll_without_records_ends_at_its_time(log: port.EventLog) -> None:
    async with log.consumer("group", [TOPIC]) as consumer, asyncio.timeout(5):
        assert await consumer.poll(10, 0.05) == []


async def test_a_cancelled_poll_loses_nothing(log: port.EventLog) -> None:
    async with log.consumer("group", [TOPIC]) as consumer:
        taken: list[port.Record] = []
        for number in range(30):
            poll = asyncio.create_task(consumer.poll(10, 5.0))
            await _publish(log, [number])
            for _ in range(number % 7):
                await asyncio.sleep(0)
            poll.cancel()
            await asyncio.wait({poll})
            taken += [] if poll.cancelled() else poll.result()
        taken += await _take(consumer, 30 - len(taken))
    assert _numbers(taken) == list(range(30))


async def test_busy_partitions_are_left_out(log: port.EventLog, patience_s: float) -> None:
    await _publish(log, range(60))
    async with log.consumer("group", [TOPIC]) as consumer:
        first = await consumer.poll(1, 5.0)
        busy = frozenset({(first[0].topic, first[0].partition)})
        rest = await _rest(consumer, patience_s, busy)
        assert busy.isdisjoint((record.topic, record.partition) for record in rest)
        left = await _take(consumer, 60 - 1 - len(rest))
    assert {(record.topic, record.partition) for record in left} == busy


async def test_a_full_partition_does_not_starve_the_others(log: port.EventLog) -> None:
    await _publish(log, range(120))
    async with log.consumer("group", [TOPIC]) as consumer:
        seen = [record.partition for _ in range(24) for record in await consumer.poll(1, 5.0)]
    assert set(seen) == set(range(6))


async def test_what_was_committed_is_not_seen_again_and_the_rest_is(log: port.EventLog) -> None:
    await _publish(log, range(100))
    async with log.consumer("group", [TOPIC]) as consumer:
        done = await _take(consumer, 40)
        await _take(consumer, 30, commit=False)
        assert await consumer.lag() == 60
    async with log.consumer("group", [TOPIC]) as consumer:
        again = await _take(consumer, 60)
        assert await consumer.lag() == 0
    assert _numbers([*done, *again]) == list(range(100))


async def test_records_and_offsets_outlive_a_restart(open_log: Opener) -> None:
    log = await open_log()
    await _publish(log, range(50))
    async with log.consumer("group", [TOPIC]) as consumer:
        done = await _take(consumer, 20)
    await log.close()
    again = await open_log()
    await _publish(again, range(50, 60))
    async with again.consumer("group", [TOPIC]) as consumer:
        rest = await _take(consumer, 40)
    assert _numbers([*done, *rest]) == list(range(60))


async def _share(consumers: Sequence[port.Consumer], log: port.EventLog) -> list[set[int]]:
    """Publish to every partition until each consumer has had records; which partitions each one saw last."""
    seen: list[set[int]] = [set() for _ in consumers]
    number = 10_000
    async with asyncio.timeout(20):
        while not all(seen) or any(first & second for first in seen for second in seen if first is not second):
            await _publish(log, range(number, number + 2 * USERS))
            number += 2 * USERS
            seen = await _seen(consumers, 2 * USERS)
    return seen


async def _seen(consumers: Sequence[port.Consumer], count: int) -> list[set[int]]:
    """Of which partitions each consumer gets these records."""
    seen: list[set[int]] = [set() for _ in consumers]
    while count > 0:
        for index, consumer in enumerate(consumers):
            records = await consumer.poll(1_000, 0.1)
            seen[index] |= {record.partition for record in records}
            await consumer.commit(records)
            count -= len(records)
    return seen


@pytest.mark.parametrize("processes", [1, 2])
async def test_members_of_a_group_share_the_partitions(open_log: Opener, processes: int) -> None:
    logs = [await open_log() for _ in range(processes)]
    async with logs[0].consumer("group", [TOPIC]) as one:
        await _publish(logs[0], range(60))
        assert _numbers(await _take(one, 60)) == list(range(60))
        async with logs[-1].consumer("group", [TOPIC]) as two:
            first, second = await _share([one, two], logs[0])
            assert (len(first), len(second)) == (3, 3)
        await _publish(logs[0], range(60, 120))
        taken = _numbers(await _take(one, 60))
        while taken[-60:] != list(range(60, 120)):
            taken = sorted([*taken, *_numbers(await _take(one, 1))])


async def test_a_partition_passes_on_only_when_its_records_are_finished(log: port.EventLog, patience_s: float) -> None:
    await _publish(log, range(60))
    async with log.consumer("group", [TOPIC]) as one:
        in_hand = await _take(one, 60, commit=False)
        async with log.consumer("group", [TOPIC]) as two:
            await _publish(log, range(60, 120))
            assert await two.poll(100, 0.3) == []
            taken = await _rest(one, patience_s)
            assert len({record.partition for record in taken}) == 3
            await one.commit([*in_hand, *taken])
            async with asyncio.timeout(20):
                while len(taken) < 60:
                    for consumer in (one, two):
                        records = await consumer.poll(100, 0.05)
                        await consumer.commit(records)
                        taken += records
    assert _numbers(taken) == list(range(60, 120))


async def test_two_members_working_side_by_side_do_every_record_once(log: port.EventLog) -> None:
    done: list[int] = []
    stop = asyncio.Event()

    async def work(group: str) -> None:
        async with log.consumer(group, [TOPIC]) as consumer:
            while not stop.is_set():
                for record in (records := await consumer.poll(7, 0.05)):
                    done.append(number_of(record))
                    await asyncio.sleep(0)
                await consumer.commit(records)

    members = [asyncio.create_task(work("group"))]
    for start in range(0, 600, 60):
        await _publish(log, range(start, start + 60))
        if len(members) < 3:
            members.append(asyncio.create_task(work("group")))
    await until(lambda: len(done) >= 600)
    stop.set()
    await asyncio.gather(*members)
    assert sorted(done) == list(range(600))


@pytest.mark.slow
async def test_a_killed_members_records_go_to_the_next(open_log: Opener, url: str, tmp_path: Path) -> None:
    log = await open_log()
    await _publish(log, range(60))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.event_consumer",
        url,
        str(tmp_path),
        "group",
        TOPIC,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        held = sorted([int(await process.stdout.readline()) for _ in range(60)])
    assert held == list(range(60))
    async with log.consumer("group", [TOPIC]) as consumer:
        assert await consumer.poll(100, 0.3) == []
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert _numbers(await _take(consumer, 60)) == list(range(60))


@pytest.fixture
def age(url: str, log: port.EventLog, clock: clocks.HandClock) -> Callable[[], Awaitable[None]]:
    """Makes all records of TOPIC so old that they go."""

    async def by_clock() -> None:
        clock.move(days=7.5)

    async def by_broker() -> None:
        # A broker's clock cannot be moved, and its retention looks every five minutes: it is told to do what that does.
        await kafka_records.delete_all(url, TOPIC)

    return by_clock if url.startswith("sqlite") else by_broker


async def test_retention_takes_old_records_and_nobody_waits_for_them(
    log: port.EventLog, age: Callable[[], Awaitable[None]], patience_s: float
) -> None:
    await _publish(log, range(30))
    await _publish(log, range(30), topic="audit.events")
    async with log.consumer("group", [TOPIC]) as consumer:
        await _take(consumer, 5)
    await age()
    await _publish(log, range(30, 40))
    await log.sweep()
    async with log.consumer("group", [TOPIC]) as consumer:
        assert await consumer.lag() == 10
        rest = await _take(consumer, 10)
        await log.sweep()
        assert await consumer.poll(10, patience_s) == []
        await _publish(log, range(40, 50))
        rest += await _take(consumer, 10)
    assert _numbers(rest) == list(range(30, 50))
    async with log.consumer("group", ["audit.events"]) as consumer:
        assert len(await _take(consumer, 30)) == 30


async def test_a_member_at_work_goes_on_after_records_that_retention_took(
    log: port.EventLog, age: Callable[[], Awaitable[None]]
) -> None:
    await _publish(log, range(30))
    async with log.consumer("group", [TOPIC]) as consumer:
        taken = await _take(consumer, 5)
        await age()
        await _publish(log, range(30, 60))
        await log.sweep()
        # What it had fetched already may still come.
        while not set(range(30, 60)) <= set(_numbers(taken)):
            taken += await _take(consumer, 1)
        assert await consumer.lag() == 0
    assert len(set(_numbers(taken))) == len(taken)


async def test_a_topic_may_grow(log: port.EventLog) -> None:
    await _publish(log, range(40))
    async with log.consumer("group", [TOPIC]) as consumer:
        await log.create_topics([port.Topic(TOPIC, 12, 7)])
        await _publish(log, range(40, 120))
        records = await _take(consumer, 120)
    assert _numbers(records) == list(range(120))
    assert max(record.partition for record in records) > 5


async def test_many_publishers_at_once_keep_each_others_records(open_log: Opener) -> None:
    logs = [await open_log() for _ in range(3)]
    publishers = (_publish(logs[number % 3], range(number * 10, number * 10 + 10)) for number in range(30))
    await asyncio.gather(*publishers)
    async with logs[0].consumer("group", [TOPIC]) as consumer:
        assert _numbers(await _take(consumer, 300)) == list(range(300))


async def test_a_closed_log_says_that_it_is_unavailable(log: port.EventLog) -> None:
    await log.ping()
    await log.close()
    with pytest.raises(errors.Unavailable):
        await log.ping()
    with pytest.raises(errors.Unavailable):
        await _publish(log, [1])
