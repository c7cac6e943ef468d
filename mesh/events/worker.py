"""Runs a handler over a group's records: in order within a partition, with bounded retries, dead letters and a drain.

A record is committed after its work. What is out of reach is waited for with red health and loses nothing; a record
that cannot be handled goes to the dead letters; when too many do, the worker stops and its health stays red.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from mesh import errors, logs
from mesh.events import codec, dead_letters, port
from mesh.events.lanes import Lanes, Partition
from mesh.events.retry import Backoff, is_hopeless, is_outage

POLL_TIMEOUT_S = 5.0
COMMIT_INTERVAL_S = 0.5
LOG = logs.get()

Handler = Callable[[port.Event], Awaitable[None]]
BatchHandler = Callable[[Sequence[port.Event]], Awaitable[None]]
Bind = Callable[[port.Event], AbstractContextManager[object]]


@dataclasses.dataclass(frozen=True)
class Subscription:
    """What a service does with events. The group's handlers must be safe to replay.

    `handler` takes one event; `batch_handler`, where given, takes up to `batch_limit` events of any partitions at once,
    and `handler` is then used only to find the one that fails. `attempts` bounds the tries of an event that fails, and
    `outage_attempts` those in which something is out of reach, before the worker turns red and starts over; one try may
    take `timeout_s`. `concurrency` partitions are worked on at once.
    """

    group: str
    topics: tuple[str, ...]
    handler: Handler
    attempts: int = 5
    outage_attempts: int = 8
    concurrency: int = 8
    timeout_s: float = 300.0
    batch_handler: BatchHandler | None = None
    batch_limit: int = 200


class Outage(Exception):
    """Something the work needs has been out of reach for all the attempts allowed."""


class Stopped(Exception):
    """The worker stops before this record is finished."""


def unbound(_: port.Event) -> AbstractContextManager[object]:
    """Bind nothing while an event is handled."""
    return contextlib.nullcontext()


class Worker:
    """One member of a subscription's group. `run` until `stop`; `healthy` and `reason` say how it fares."""

    def __init__(
        self,
        log: port.EventLog,
        subscription: Subscription,
        *,
        bind: Bind = unbound,
        backoff: Backoff | None = None,
        limits: dead_letters.Limits | None = None,
    ) -> None:
        self.healthy, self.reason = True, ""
        self.handled = self.retried = self.dead_lettered = 0
        self._log, self._subscription, self._bind = log, subscription, bind
        self._backoff = backoff or Backoff()
        self._tally = dead_letters.Tally(limits or dead_letters.Limits())
        self._stopping = asyncio.Event()
        self._halted = False
        self._slots = asyncio.Semaphore(subscription.concurrency)
        self._failures = 0

    def stop(self) -> None:
        """Finish the records in hand, commit, leave the group; `run` returns then."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`, or until too much went to the dead letters (then `healthy` is False)."""
        while not self._is_over():
            try:
                await self._session()
            except (Outage, errors.ServiceError) as error:
                self._failures += 1
                self._turn_red("something it needs cannot be reached", error)
                await self._pause(self._backoff.delay_s(self._failures))
            except Exception as error:
                self._turn_red("it failed", error)
                raise

    async def _session(self) -> None:
        """Take part in the group until the worker is over or something fails."""
        async with self._log.consumer(self._subscription.group, self._subscription.topics) as consumer:
            lanes = Lanes(1 if self._subscription.batch_handler else None)
            stop = asyncio.ensure_future(self._stopping.wait())
            try:
                while not self._is_over():
                    await self._turn(consumer, lanes, stop)
            except asyncio.CancelledError:
                lanes.cancel()
                raise
            finally:
                stop.cancel()
                await lanes.drain()

    async def _turn(self, consumer: port.Consumer, lanes: Lanes, stop: asyncio.Future[Any]) -> None:
        """Wait for whatever comes first, records, a lane's end or the stop, and act on it."""
        poll: asyncio.Future[list[port.Record]] | None = None
        if not lanes.full:
            poll = asyncio.ensure_future(consumer.poll(self._subscription.batch_limit, POLL_TIMEOUT_S, busy=lanes.busy))
        waiting: set[asyncio.Future[Any]] = {stop, *lanes.tasks}
        try:
            await asyncio.wait(waiting | ({poll} if poll else set()), return_when=asyncio.FIRST_COMPLETED)
        finally:
            quiet = poll is not None and poll.done() and not lanes.busy
            records = await _taken(poll)
        if quiet and not records:
            self._turn_green()  # nothing waits that could fail again
        self._start(consumer, lanes, records)
        lanes.reap()

    def _start(self, consumer: port.Consumer, lanes: Lanes, records: Sequence[port.Record]) -> None:
        if not records:
            return
        if self._subscription.batch_handler is not None:
            partitions = {(record.topic, record.partition) for record in records}
            lanes.start(self._batch(consumer, records, self._subscription.batch_handler), partitions)
            return
        runs: dict[Partition, list[port.Record]] = {}
        for record in records:
            runs.setdefault((record.topic, record.partition), []).append(record)
        for partition, run in runs.items():
            lanes.start(self._lane(consumer, run), {partition})

    async def _lane(self, consumer: port.Consumer, records: Sequence[port.Record]) -> None:
        """The records of one partition, one after the other."""
        loop = asyncio.get_running_loop()
        finished: list[port.Record] = []
        committed_at = loop.time()
        try:
            for record in records:
                if self._is_over():
                    break
                async with self._slots:
                    await self._finish(record)
                finished = [record]
                if loop.time() - committed_at > COMMIT_INTERVAL_S:
                    await consumer.commit(finished)
                    finished, committed_at = [], loop.time()
        except Stopped:
            pass
        finally:
            if finished:
                await consumer.commit(finished)

    async def _batch(self, consumer: port.Consumer, records: Sequence[port.Record], handler: BatchHandler) -> None:
        """Records of several partitions at once; one by one when that fails, so that a poison record stands out."""
        try:
            await self._finish_together(records, handler)
        except Stopped:
            return
        except (codec.MalformedEvent, _Refused):
            await self._one_by_one(consumer, records)
            return
        await consumer.commit(records)

    async def _finish_together(self, records: Sequence[port.Record], handler: BatchHandler) -> None:
        events = [codec.decode(record) for record in records]
        if (error := await self._outlast(lambda: handler(events))) is not None:
            raise _Refused from error
        self._went_well(len(records))

    async def _one_by_one(self, consumer: port.Consumer, records: Sequence[port.Record]) -> None:
        finished: list[port.Record] = []
        try:
            for record in records:
                await self._finish(record)
                finished.append(record)
        except Stopped:
            pass
        finally:
            await consumer.commit(finished)

    async def _finish(self, record: port.Record) -> None:
        """Handle a record or dead-letter it. Raises Outage and Stopped, and then it is neither."""
        for attempt in itertools.count(1):
            error = await self._outlast(lambda: self._handle(record))
            if error is None:
                self._went_well(1)
                return
            if attempt >= self._subscription.attempts or is_hopeless(error):
                await self._bury(record, error, attempt)
                return
            await self._wait_to_retry(attempt)

    async def _handle(self, record: port.Record) -> None:
        event = codec.decode(record)
        with self._bind(event):
            await self._subscription.handler(event)

    async def _outlast(self, work: Callable[[], Awaitable[None]]) -> Exception | None:
        """Do the work, again while something is out of reach; the error that is the work's own.

        Raises Outage and Stopped.
        """
        for failures in range(1, self._subscription.outage_attempts + 1):
            error = await self._try(work)
            if error is None or not is_outage(error):
                return error
            if failures < self._subscription.outage_attempts:
                await self._wait_to_retry(failures)
        raise Outage from error

    async def _try(self, work: Callable[[], Awaitable[None]]) -> Exception | None:
        try:
            async with asyncio.timeout(self._subscription.timeout_s):
                await work()
        except Exception as error:  # noqa: BLE001 - a handler's failure of any kind has one answer: retry, then dead letter
            return error
        return None

    async def _wait_to_retry(self, failures: int) -> None:
        self.retried += 1
        await self._pause(self._backoff.delay_s(failures))
        if self._is_over():
            raise Stopped

    async def _bury(self, record: port.Record, error: Exception, attempts: int) -> None:
        self._tally.add(dead=True)
        if self._tally.is_too_much:
            self._halted = True
            self._stopping.set()
            self._turn_red("too many events went to the dead letters", error)
            raise Stopped
        group = self._subscription.group
        await self._log.publish([dead_letters.letter(record, error, attempts=attempts, group=group)])
        self.dead_lettered += 1
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "group": group}
        LOG.error("event went to the dead letters", error=error, **place)

    def _went_well(self, count: int) -> None:
        self.handled += count
        self._tally.add(dead=False, count=count)
        self._turn_green()

    def _turn_green(self) -> None:
        self._failures = 0
        if not self._halted:
            self.healthy, self.reason = True, ""

    def _turn_red(self, reason: str, error: BaseException) -> None:
        self.healthy, self.reason = False, f"{self._subscription.group}: {reason}"
        LOG.error("worker is not well", reason=self.reason, error=error)

    def _is_over(self) -> bool:
        return self._stopping.is_set()

    async def _pause(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()


async def _taken(poll: asyncio.Future[list[port.Record]] | None) -> list[port.Record]:
    """What a poll has brought so far; one that still waits is cancelled. Raises what the poll raises."""
    if poll is None:
        return []
    if not poll.done():
        poll.cancel()
        await asyncio.wait({poll})
    return [] if poll.cancelled() else poll.result()


class _Refused(Exception):
    """A batch failed for a reason of its own."""
