"""The worker's promises: order, retries with a bound, dead letters, red health, a drain that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from mesh import errors, events
from mesh.events import dead_letters, port, topics
from mesh.events.retry import Backoff
from mesh.events.worker import Subscription, Worker
from tests.fakes.event_logs import FlakyLog
from tests.support import clocks
from tests.support.events_for_tests import number_of, publication, until

TOPIC = "data.ingested"
QUICK = Backoff(first_s=0.001, longest_s=0.002)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[port.EventLog]:
    opened = await events.open_events("sqlite:events.db", tmp_path, clocks.HandClock())
    await opened.create_topics(topics.TOPICS)
    yield opened
    await opened.close()


class Diary:
    """A handler that writes down what it did and fails as it is told."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.tried: list[int] = []
        self.trouble: dict[int, list[Exception]] = {}
        self.always: dict[int, Exception] = {}

    async def __call__(self, event: port.Event) -> None:
        number = int(event.payload["number"])
        self.tried.append(number)
        await asyncio.sleep(0)
        if number in self.always:
            raise self.always[number]
        if self.trouble.get(number):
            raise self.trouble[number].pop(0)
        self.done.append(number)

    async def many(self, events: Sequence[port.Event]) -> None:
        for one in events:
            await self(one)


def _worker(log: port.EventLog, handler: Any, **options: Any) -> Worker:
    parts = {name: options.pop(name) for name in ("bind", "limits", "backoff") if name in options}
    return Worker(log, Subscription("group", (TOPIC,), handler, **options), **{"backoff": QUICK, **parts})


@contextlib.asynccontextmanager
async def _running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        async with asyncio.timeout(20):
            await task


async def _publish(log: port.EventLog, *numbers: int, key: Callable[[int], str] = lambda _: "user_1") -> None:
    await log.publish([publication(number, key=key(number)) for number in numbers])


async def _left(log: port.EventLog, topic: str, group: str = "group") -> list[port.Record]:
    records: list[port.Record] = []
    async with log.consumer(group, [topic]) as consumer:
        while found := await consumer.poll(100, 0.0):
            records += found
    return records


async def test_every_event_is_handled_once_and_committed(log: port.EventLog) -> None:
    diary = Diary()
    worker = _worker(log, diary)
    await _publish(log, *range(100), key=lambda number: f"user_{number % 9}")
    async with _running(worker):
        await until(lambda: len(diary.done) == 100)
    assert sorted(diary.done) == list(range(100))
    assert await _left(log, TOPIC) == []
    assert (worker.handled, worker.healthy) == (100, True)


async def test_a_failing_event_is_tried_again_before_the_next_of_its_partition(log: port.EventLog) -> None:
    diary = Diary()
    diary.trouble = {1: [RuntimeError(), RuntimeError()]}
    worker = _worker(log, diary)
    await _publish(log, 0, 1, 2)
    async with _running(worker):
        await until(lambda: len(diary.done) == 3)
    assert diary.tried == [0, 1, 1, 1, 2]
    assert worker.retried == 2


async def test_a_poison_event_is_dead_lettered_and_its_partition_moves_on(log: port.EventLog) -> None:
    diary = Diary()
    diary.always = {1: RuntimeError("quotes a name: Ada")}
    worker = _worker(log, diary, attempts=3)
    await _publish(log, 0, 1, 2)
    async with _running(worker):
        await until(lambda: len(diary.done) == 2)
    assert diary.tried == [0, 1, 1, 1, 2]
    assert await _left(log, TOPIC) == []
    (letter,) = await _left(log, topics.dead_letter(TOPIC))
    assert number_of(letter) == 1
    assert letter.headers == {
        "error-class": "RuntimeError",
        "reason": "INTERNAL",
        "attempts": "3",
        "origin-topic": TOPIC,
        "origin-partition": letter.headers["origin-partition"],
        "origin-offset": "1",
        "group": "group",
    }
    assert "Ada" not in str(letter)
    assert (worker.dead_lettered, worker.healthy) == (1, True)


@pytest.mark.parametrize("value", [b"", b"not json", b"[]", b'{"eventId":1}', b"\xff" * 20])
async def test_a_record_that_is_no_event_is_dead_lettered_at_once(log: port.EventLog, value: bytes) -> None:
    diary = Diary()
    await log.publish([port.Publication(TOPIC, "user_1", value), publication(2)])
    async with _running(_worker(log, diary)):
        await until(lambda: diary.done == [2])
    (letter,) = await _left(log, topics.dead_letter(TOPIC))
    assert (letter.value, letter.headers["attempts"], letter.headers["error-class"]) == (value, "1", "MalformedEvent")


async def test_an_argument_that_is_wrong_is_not_tried_again(log: port.EventLog) -> None:
    diary = Diary()
    diary.always = {1: errors.InvalidArgument()}
    await _publish(log, 1, 2)
    async with _running(_worker(log, diary)):
        await until(lambda: diary.done == [2])
    assert diary.tried == [1, 2]


@pytest.mark.parametrize(
    "error", [errors.Unavailable(), errors.DeadlineExceeded(), errors.Overloaded(), TimeoutError()]
)
async def test_an_outage_is_waited_for_and_costs_no_event(log: port.EventLog, error: Exception) -> None:
    diary = Diary()
    diary.always = {1: error}
    worker = _worker(log, diary, outage_attempts=2)
    await _publish(log, 0, 1, 2)
    async with _running(worker):
        await until(lambda: diary.tried.count(1) >= 6)
        assert not worker.healthy
        assert "cannot be reached" in worker.reason
        diary.always.clear()
        await until(lambda: diary.done == [0, 1, 2])
        await until(lambda: worker.healthy)
    assert await _left(log, topics.dead_letter(TOPIC)) == []
    assert await _left(log, TOPIC) == []


async def test_a_try_that_takes_too_long_is_an_outage(log: port.EventLog) -> None:
    tries = 0

    async def slow_at_first(_: port.Event) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await asyncio.sleep(30)

    await _publish(log, 1)
    worker = _worker(log, slow_at_first, timeout_s=0.05)
    async with _running(worker):
        await until(lambda: worker.handled == 1)
    assert tries == 2


async def test_too_long_a_streak_of_dead_letters_stops_the_worker_with_red_health(log: port.EventLog) -> None:
    diary = Diary()
    diary.always = {number: errors.InvalidArgument() for number in range(10)}
    worker = _worker(log, diary, limits=dead_letters.Limits(streak=4))
    await _publish(log, *range(10))
    async with asyncio.timeout(20):
        await worker.run()
    assert (worker.healthy, worker.dead_lettered) == (False, 3)
    assert "dead letters" in worker.reason
    assert [number_of(record) for record in await _left(log, TOPIC)] == [3, 4, 5, 6, 7, 8, 9]


async def test_too_large_a_share_of_dead_letters_stops_the_worker(log: port.EventLog) -> None:
    diary = Diary()
    diary.always = {number: errors.InvalidArgument() for number in range(0, 40, 2)}
    worker = _worker(log, diary, limits=dead_letters.Limits(streak=5, ratio=0.5, window=10))
    await _publish(log, *range(40))
    async with asyncio.timeout(20):
        await worker.run()
    assert not worker.healthy
    assert worker.handled + worker.dead_lettered == 10


async def test_a_slow_partition_does_not_hold_up_the_others(log: port.EventLog) -> None:
    gate, done = asyncio.Event(), list[int]()

    async def handle(event: port.Event) -> None:
        if event.payload["number"] == 0:
            await gate.wait()
        done.append(int(event.payload["number"]))

    await _publish(log, *range(300), key=lambda number: f"user_{number % 20}")
    slow = {number for number in range(300) if number % 20 == 0}
    async with _running(_worker(log, handle, concurrency=4, batch_limit=10)):
        await until(lambda: len(done) > 150)
        await _publish(log, 1000, key=lambda _: "user_1")
        await until(lambda: 1000 in done)
        assert not slow & set(done)
        gate.set()
        await until(lambda: len(done) == 301)
    assert [number for number in done if number in slow] == sorted(slow)


async def test_no_more_partitions_than_allowed_are_worked_on_at_once(log: port.EventLog) -> None:
    inside, most, count = 0, 0, 0

    async def handle(_: port.Event) -> None:
        nonlocal inside, most, count
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.001)
        inside -= 1
        count += 1

    await _publish(log, *range(120), key=lambda number: f"user_{number}")
    async with _running(_worker(log, handle, concurrency=3)):
        await until(lambda: count == 120)
    assert most == 3


async def test_stop_finishes_the_record_in_hand_and_commits_it(log: port.EventLog) -> None:
    begun, gate, done = asyncio.Event(), asyncio.Event(), list[int]()

    async def handle(event: port.Event) -> None:
        begun.set()
        await gate.wait()
        done.append(int(event.payload["number"]))

    await _publish(log, 0, 1, 2)
    worker = _worker(log, handle)
    task = asyncio.create_task(worker.run())
    await begun.wait()
    worker.stop()
    gate.set()
    await task
    assert done == [0]
    assert [number_of(record) for record in await _left(log, TOPIC)] == [1, 2]


async def test_stop_ends_an_idle_wait_and_a_wait_to_retry_at_once(log: port.EventLog) -> None:
    diary = Diary()
    worker = _worker(log, diary, backoff=Backoff(first_s=60, longest_s=60))
    async with asyncio.timeout(5):
        async with _running(worker):
            await _publish(log, 0)
            await until(lambda: diary.done == [0])
        diary.always = {1: RuntimeError()}
        await _publish(log, 1)
        worker = _worker(log, diary, backoff=Backoff(first_s=60, longest_s=60))
        async with _running(worker):
            await until(lambda: worker.retried == 1)
    assert [number_of(record) for record in await _left(log, TOPIC)] == [1]


async def test_a_cancelled_worker_leaves_no_task_behind(log: port.EventLog) -> None:
    begun = asyncio.Event()

    async def forever(_: port.Event) -> None:
        begun.set()
        await asyncio.Event().wait()

    await _publish(log, 0)
    before = asyncio.all_tasks()
    task = asyncio.create_task(_worker(log, forever).run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = [one for one in asyncio.all_tasks() - before if not one.get_name().endswith("-watch")]
    assert left == []
    assert [number_of(record) for record in await _left(log, TOPIC)] == [0]


async def test_an_event_is_handled_within_its_binding(log: port.EventLog) -> None:
    bound: list[str] = []
    seen: list[str] = []

    @contextlib.contextmanager
    def bind(event: port.Event) -> Iterator[None]:
        bound.append(event.correlation_id)
        yield
        bound.pop()

    async def handle(_: port.Event) -> None:
        seen.extend(bound)

    await _publish(log, 7)
    async with _running(_worker(log, handle, bind=bind)):
        await until(lambda: bool(seen))
    assert (seen, bound) == (["corr_7"], [])


async def test_a_dead_letter_that_cannot_be_published_stays_in_its_partition(log: port.EventLog) -> None:
    flaky, diary = FlakyLog(log), Diary()
    diary.always = {0: errors.InvalidArgument()}
    await _publish(log, 0, 1)
    flaky.failures = 3
    async with _running(_worker(flaky, diary)):
        await until(lambda: diary.done == [1])
    assert diary.tried == [0, 0, 0, 0, 1]
    assert [number_of(letter) for letter in await _left(log, topics.dead_letter(TOPIC))] == [0]


async def test_a_batch_handler_gets_many_events_at_once(log: port.EventLog) -> None:
    sizes: list[int] = []

    async def many(events: Sequence[port.Event]) -> None:
        sizes.append(len(events))

    await _publish(log, *range(500), key=lambda number: f"user_{number}")
    worker = _worker(log, Diary(), batch_handler=many, batch_limit=100)
    async with _running(worker):
        await until(lambda: worker.handled == 500)
    assert max(sizes) > 10
    assert max(sizes) <= 100
    assert sum(sizes) == 500
    assert await _left(log, TOPIC) == []


async def test_a_batch_with_a_poison_event_loses_that_one_only(log: port.EventLog) -> None:
    diary = Diary()
    diary.always = {13: RuntimeError()}
    await log.publish([port.Publication(TOPIC, "user_5", b"no event")])
    await _publish(log, *range(40), key=lambda number: f"user_{number}")
    worker = _worker(log, diary, batch_handler=diary.many, attempts=2)
    async with _running(worker):
        await until(lambda: worker.handled + worker.dead_lettered >= 41)
    assert set(diary.done) == set(range(40)) - {13}
    assert len(await _left(log, topics.dead_letter(TOPIC))) == 2
    assert await _left(log, TOPIC) == []


async def test_a_batch_waits_for_an_outage_as_a_whole(log: port.EventLog) -> None:
    diary = Diary()
    diary.trouble = {5: [errors.Unavailable() for _ in range(7)]}
    await _publish(log, *range(10))
    worker = _worker(log, diary, batch_handler=diary.many, outage_attempts=3)
    async with _running(worker):
        await until(lambda: worker.handled >= 10)
    assert set(diary.done) == set(range(10))
    assert await _left(log, topics.dead_letter(TOPIC)) == []


def test_a_letter_says_the_reason_of_a_typed_error() -> None:
    record = port.Record(TOPIC, 2, 9, "user_1", b"{}", {})
    letter = dead_letters.letter(record, errors.Conflict("with a text"), attempts=5, group="g")
    assert letter.topic == "data.ingested.dlq"
    assert letter.headers["reason"] == "CONFLICT"
    assert "with a text" not in letter.headers.values()


def test_waits_grow_to_a_limit_and_keep_to_half_of_it_at_least() -> None:
    longest = [Backoff(first_s=1, longest_s=5, chance=lambda: 1.0).delay_s(failures) for failures in range(1, 50)]
    shortest = [Backoff(first_s=1, longest_s=5, chance=lambda: 0.0).delay_s(failures) for failures in range(1, 50)]
    assert longest[:4] == [1, 2, 4, 5]
    assert shortest[:4] == [0.5, 1, 2, 2.5]
    assert max(longest) == 5


class _LostOnce:
    """A log whose first consumer cannot join; the next ones find nothing."""

    def __init__(self) -> None:
        self.joins = 0

    def consumer(self, _group: str, _topics: Sequence[str]) -> _LostOnce:
        return self

    async def __aenter__(self) -> Self:
        self.joins += 1
        if self.joins == 1:
            raise errors.Unavailable
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def poll(self, _limit: int, _timeout_s: float, busy: object = None) -> list[port.Record]:
        await asyncio.sleep(0.001)
        return []


async def test_a_worker_without_events_is_well_again_when_its_log_is_back() -> None:
    log = _LostOnce()
    worker = _worker(log, Diary())  # type: ignore[arg-type]  # only what a worker without records calls
    async with _running(worker):
        await until(lambda: log.joins == 2 and worker.healthy)
    assert worker.reason == ""
