"""The event log in one SQLite file that several processes may share.

Within a process a reader wakes at once, across processes within WATCH_INTERVAL_S. A group's partitions are leased to
its members; when the members change, a member gives up a partition only after it has finished what it holds of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from mesh import clock as clocks
from mesh import errors, ids, sqlite
from mesh.events import port, sqlite_processes
from mesh.events import sqlite_tables as tables

WATCH_INTERVAL_S = 0.05
# How often the signs of life of the other processes are looked at.
BURY_INTERVAL_S = 1.0
# How soon a member tries again while partitions pass from one to another.
HANDOVER_INTERVAL_S = 0.05
SWEEP_BATCHES = 100


class SqliteEventLog:
    """`mesh.events.port.EventLog` on a file."""

    def __init__(self, database: sqlite.Database, clock: clocks.Clock, alive: sqlite_processes.Alive) -> None:
        self.database, self.alive = database, alive
        self.ends: dict[int, int] = {}
        self.generation = 0
        self._clock = clock
        self._topics: dict[int, str] = {}
        self._members_mark = (0, 0)
        self._consumers: set[SqliteConsumer] = set()
        self._watcher: asyncio.Task[None] | None = None

    async def create_topics(self, topics: Sequence[port.Topic]) -> None:
        await self.database.write(lambda connection: tables.create_topics(connection, topics))
        self._members_changed()

    async def check(self, topics: Sequence[port.Topic], groups: Sequence[str] = ()) -> None:  # noqa: ARG002 - all may join
        await self.create_topics(topics)

    async def publish(self, records: Sequence[port.Publication]) -> None:
        if not records:
            return
        at_ms = self._now_ms()
        ends = await self.database.write(lambda connection: tables.append(connection, records, at_ms))
        self._advance(ends, {record.topic for record in records})

    def consumer(self, group: str, topics: Sequence[str]) -> SqliteConsumer:
        return SqliteConsumer(self, tables.Member(ids.new_id("member"), group, tuple(topics), self.alive.name))

    async def sweep(self) -> int:
        now_ms, deleted = self._now_ms(), 0
        for _ in range(SWEEP_BATCHES):
            count = await self.database.write(lambda connection: tables.expire(connection, now_ms))
            deleted += count
            if not count:
                break
        return deleted

    async def ping(self) -> None:
        await self.database.read(lambda connection: connection.execute("SELECT count(*) FROM topics").fetchone())

    async def close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
            self._watcher = None
        await self.database.close()
        self.alive.close()

    async def joined(self, consumer: SqliteConsumer) -> None:
        self._consumers.add(consumer)
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name=f"{self.database.path.name}-watch")
        await self._bury()
        await self._refresh()
        self._members_changed()

    def left(self, consumer: SqliteConsumer) -> None:
        self._consumers.discard(consumer)
        self._members_changed()

    async def _watch(self) -> None:
        """Notice what other processes do. Ends with `close`."""
        loop = asyncio.get_running_loop()
        bury_at = loop.time() + BURY_INTERVAL_S
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            # Trouble with the file shows in every poll as well, where somebody can answer it.
            with contextlib.suppress(errors.ServiceError):
                if self.database.changed():
                    await self._refresh()
                if loop.time() >= bury_at:
                    bury_at = loop.time() + BURY_INTERVAL_S
                    await self._bury()

    async def _refresh(self) -> None:
        found, mark = await self.database.read(tables.ends)
        self._topics |= {number: topic for number, (topic, _) in found.items()}
        grown = {number: end for number, (_, end) in found.items() if end > self.ends.get(number, 0)}
        self._advance(grown, {self._topics[number] for number in grown})
        if mark != self._members_mark:
            self._members_mark = mark
            self._members_changed()

    async def _bury(self) -> None:
        processes = await self.database.read(tables.processes)
        dead = [process for process in processes if self.alive.is_dead(process)]
        if dead:
            await self.database.write(lambda connection: tables.bury(connection, dead))
            self._members_changed()

    def _advance(self, ends: dict[int, int], topics: set[str]) -> None:
        for number, end in ends.items():
            self.ends[number] = max(end, self.ends.get(number, 0))
        self._wake(consumer for consumer in self._consumers if not topics.isdisjoint(consumer.member.topics))

    def _members_changed(self) -> None:
        self.generation += 1
        self._wake(self._consumers)

    def _wake(self, consumers: Iterable[SqliteConsumer]) -> None:
        for consumer in consumers:
            consumer.woken.set()

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


class SqliteConsumer:
    """`mesh.events.port.Consumer`: one member of a group."""

    def __init__(self, log: SqliteEventLog, member: tables.Member) -> None:
        self.member = member
        self.woken = asyncio.Event()
        self._log = log
        self._generation = -1
        self._held: dict[int, tables.Held] = {}
        self._unwanted: frozenset[int] = frozenset()
        self._unsettled = True

    async def __aenter__(self) -> Self:
        try:
            await self._log.database.write(lambda connection: tables.join(connection, self.member))
            await self._log.joined(self)
        except BaseException:  # a cancelled join may be in the file all the same, and would hold partitions for nobody
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        self._held.clear()
        try:
            await self._log.database.write(lambda connection: tables.leave(connection, self.member))
        finally:
            self._log.left(self)

    async def poll(
        self, limit: int, timeout_s: float, busy: Collection[tuple[str, int]] = frozenset()
    ) -> list[port.Record]:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while True:
            self.woken.clear()
            if self._unsettled or self._generation != self._log.generation:
                await self._rebalance()
            if records := await self._fetch(limit, busy):
                return records
            left = end - loop.time()
            if left <= 0:
                return []
            await self._sleep(min(left, HANDOVER_INTERVAL_S) if self._unsettled else left)

    async def _sleep(self, longest_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self.woken.wait()

    async def commit(self, records: Sequence[port.Record]) -> None:
        finished = {(record.topic, record.partition): record.offset + 1 for record in records}
        by_name = {(held.topic, held.number): held for held in self._held.values()}
        positions = {by_name[name].id: position for name, position in finished.items() if name in by_name}
        if not positions:
            return
        lost = await self._log.database.write(lambda connection: tables.commit(connection, self.member, positions))
        for number in lost:
            self._held.pop(number, None)
        for number, position in positions.items():
            if (held := self._held.get(number)) is not None:
                held.committed = max(held.committed, position)

    async def lag(self) -> int:
        return await self._log.database.read(
            functools.partial(tables.lag, group=self.member.group, topics=self.member.topics)
        )

    async def _rebalance(self) -> None:
        generation = self._log.generation
        drained = {number for number, held in self._held.items() if held.drained}
        share = await self._log.database.write(lambda connection: tables.rebalance(connection, self.member, drained))
        # What is held already keeps its position: the offsets in the file are behind it.
        self._held = {held.id: self._held.get(held.id, held) for held in share.held}
        self._unwanted = share.unwanted
        self._unsettled = share.waiting or bool(share.unwanted)
        self._generation = generation

    async def _fetch(self, limit: int, busy: Collection[tuple[str, int]]) -> list[port.Record]:
        ready = [held for held in self._held.values() if self._is_ready(held, busy)]
        if not ready:
            return []
        ends = {held.id: self._log.ends[held.id] for held in ready}
        wanted = {held.id: held.position for held in ready}
        found = await self._log.database.read(lambda connection: tables.fetch(connection, wanted, limit))
        records: list[port.Record] = []
        for held in ready:
            if held.id in found and held.id in self._held:
                records += _take(held, found[held.id], ends[held.id])
        self._rotate()
        return records

    def _is_ready(self, held: tables.Held, busy: Collection[tuple[str, int]]) -> bool:
        return (
            held.position < self._log.ends.get(held.id, 0)
            and held.id not in self._unwanted
            and (held.topic, held.number) not in busy
        )

    def _rotate(self) -> None:
        """Start with another partition next time, so that a full one cannot starve the rest."""
        if self._held:
            first = next(iter(self._held))
            self._held[first] = self._held.pop(first)


def _take(held: tables.Held, rows: Sequence[tuple[int, str, bytes, str | None]], end: int) -> list[port.Record]:
    if not rows:  # retention took what was left up to `end`
        if held.drained:
            held.committed = end
        held.position = end
        return []
    held.position = rows[-1][0] + 1
    return [
        port.Record(held.topic, held.number, offset, key, value, orjson.loads(headers) if headers else {})
        for offset, key, value, headers in rows
    ]


async def open_file(path: Path, clock: clocks.Clock) -> SqliteEventLog:
    """Open or create the log at `path`. Raises `mesh.errors.Unavailable`."""
    database = await sqlite.Database.open(path)
    try:
        await database.write(tables.create)
        alive = sqlite_processes.Alive(path.with_name(path.name + ".processes"))
    except BaseException:
        await database.close()
        raise
    return SqliteEventLog(database, clock, alive)
