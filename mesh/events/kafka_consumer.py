"""A member of a group on Kafka: manual commits after the work, positions that outlive a rebalance.

aiokafka stops everything at every rebalance and starts over from what is committed. This member goes on from where it
was with the partitions it keeps, and keeps those it has unfinished records of (`mesh.events.kafka_shares`). A partition
whose handler is slow is simply not asked for: at most one fetch of it waits in memory, and heartbeats go on meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Collection, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import aiokafka
from aiokafka import errors as kafka_errors

from mesh import errors, logs
from mesh.events import kafka_assignor, kafka_shares, port
from mesh.events.kafka_connection import Names, reached
from mesh.events.kafka_shares import Partition

HEARTBEAT_S = 1.0
# A member that is silent for so long is taken for dead, and another one begins its partitions.
SESSION_S = 10.0
# How long a rebalance waits for a member that still sends heartbeats.
REBALANCE_S = 30.0
JOIN_TIMEOUT_S = 60.0
LEAVE_TIMEOUT_S = 5.0
# A commit waits for a rebalance to end.
COMMIT_TIMEOUT_S = 45.0
# Joining a group takes as long as a rebalance does.
REQUEST_TIMEOUT_S = 40.0
COMMIT_PAUSE_S = 0.05
# The broker answers sooner when it has records, but a partition that became free waits for the fetch under way.
FETCH_WAIT_MS = 100
PARTITION_FETCH_BYTES = 256 * 1024
FETCH_BYTES = 4 * 1024 * 1024
# How soon a poll looks whether its partitions have changed.
GLANCE_S = 0.25
# The worker bounds every try itself; that it does not poll meanwhile is no reason to take its partitions away.
POLL_INTERVAL_S = 24 * 3600.0

LOG = logs.get()


class Log(Protocol):
    """What a member needs of the log it belongs to."""

    names: Names

    def connection(self, client: str) -> dict[str, Any]: ...
    async def require(self, topics: Collection[str]) -> None: ...
    async def lag(self, group: str, topics: Collection[str]) -> int: ...
    def joined(self, member: KafkaConsumer) -> str | None: ...
    def left(self, member: KafkaConsumer) -> None: ...
    def ending(self, end: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...


@dataclasses.dataclass(slots=True)
class Place:
    """How far a partition is: up to where records were handed out, and up to where they are finished."""

    position: int
    committed: int

    @property
    def in_hand(self) -> bool:
        return self.position > self.committed


class KafkaConsumer:
    """`mesh.events.port.Consumer`. Topics and partitions in here carry the names of the wire."""

    def __init__(self, log: Log, group: str, topics: Sequence[str]) -> None:
        self.group = group
        self._log, self._topics = log, tuple(topics)
        self._consumer: Any = None
        self._places: dict[Partition, Place] = {}
        self._held: list[Partition] = []
        self._unwanted: frozenset[Partition] = frozenset()
        self._rejoining = False

    async def __aenter__(self) -> Self:
        await self._log.require(self._topics)
        instance = self._log.joined(self)
        self._consumer = _consumer(self, self._log, instance)
        self._consumer.subscribe([self._log.names.wire(topic) for topic in self._topics])
        try:
            with reached():
                async with asyncio.timeout(JOIN_TIMEOUT_S):
                    await self._consumer.start()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    @property
    def partitions(self) -> frozenset[Partition]:
        """The partitions it has now."""
        return frozenset((self._log.names.ours(topic), number) for topic, number in self._held)

    async def close(self) -> None:
        """Leave at once; the log is being closed."""
        await self._leave()

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._log.left(self)
        if consumer is not None:
            # Never cut short, or heartbeats would go on for a member that is none: what takes longer ends by itself.
            await asyncio.wait({self._log.ending(consumer.stop())}, timeout=LEAVE_TIMEOUT_S)

    async def poll(
        self, limit: int, timeout_s: float, busy: Collection[tuple[str, int]] = frozenset()
    ) -> list[port.Record]:
        on_wire = {(self._log.names.wire(topic), number) for topic, number in busy}
        with reached(), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self._next(limit, on_wire)
        return []

    async def commit(self, records: Sequence[port.Record]) -> None:
        finished: dict[Partition, int] = {}
        for record in records:
            partition = (self._log.names.wire(record.topic), record.partition)
            finished[partition] = max(record.offset + 1, finished.get(partition, 0))
        with reached():
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                while wanted := self._unfinished(finished):
                    if not await self._committed(wanted):
                        await asyncio.sleep(COMMIT_PAUSE_S)
        self._pass_on()

    async def lag(self) -> int:
        return await self._log.lag(self.group, self._topics)

    def claim(self) -> tuple[frozenset[Partition], frozenset[Partition]]:
        if self._consumer is None:
            return frozenset(), frozenset()
        if not self._consumer._coordinator.member_id:  # noqa: SLF001 - nothing public says that the group put us out
            self._places.clear()
        return frozenset(self._held), frozenset(each for each, place in self._places.items() if place.in_hand)

    def assigned(self, share: kafka_shares.Share) -> None:
        if self._consumer is None:  # it is leaving
            return
        kept = {each: place for each, place in self._places.items() if each in share.partitions and place.in_hand}
        for partition, place in kept.items():
            self._consumer.seek(kafka_assignor.place(partition), place.position)
        self._places, self._held, self._unwanted = kept, sorted(share.partitions), share.unwanted
        self._rejoining = False
        LOG.info("partitions assigned", group=self.group, partitions=len(self._held), unwanted=len(self._unwanted))
        asyncio.get_running_loop().call_soon(self._pass_on)

    async def _next(self, limit: int, busy: Collection[Partition]) -> list[port.Record]:
        """Wait for the next records. Cancelling loses nothing, since nothing is awaited with records in hand."""
        wait_s = 0.0
        while True:
            ready = [each for each in self._held if each not in busy and each not in self._unwanted]
            if not ready:
                self._joined()
                await asyncio.sleep(GLANCE_S)
            elif records := await self._fetched(ready, limit, wait_s):
                return records
            wait_s = GLANCE_S

    async def _fetched(self, ready: Sequence[Partition], limit: int, wait_s: float) -> list[port.Record]:
        """What has arrived, of one partition after the other, so that a full one cannot starve the rest."""
        records: list[port.Record] = []
        for partition in ready:
            # Only the first of these can wait, for a rebalance: once there are records none of them yields the loop.
            records += self._taken(await self._asked([partition], limit - len(records), 0.0, found=bool(records)))
            if len(records) >= limit:
                break
        self._held = [*self._held[1:], *self._held[:1]]
        return records or self._taken(await self._asked(ready, limit, wait_s, found=False))

    async def _asked(self, partitions: Sequence[Partition], limit: int, wait_s: float, *, found: bool) -> Any:
        places = [kafka_assignor.place(each) for each in partitions]
        try:
            return await self._joined().getmany(*places, timeout_ms=wait_s * 1000, max_records=limit)
        except kafka_errors.KafkaError:
            if found:  # what was found already is not lost for it: whatever is wrong shows again in the next poll
                return {}
            raise

    def _taken(self, found: Any) -> list[port.Record]:
        records: list[port.Record] = []
        for at, fetched in found.items():
            partition = (at.topic, at.partition)
            if partition not in self._held or partition in self._unwanted:
                # The share changed while this was waited for: what is not ours to take stays where it is.
                self._joined().seek(at, fetched[0].offset)
                continue
            place = self._places.setdefault(partition, Place(fetched[0].offset, fetched[0].offset))
            place.position = fetched[-1].offset + 1
            records += [self._record(each) for each in fetched]
        return records

    def _record(self, fetched: Any) -> port.Record:
        topic = self._log.names.ours(fetched.topic)
        # Others may write to a topic too, and anything: what is no event is for the worker to find out.
        headers = {name: (value or b"").decode(errors="replace") for name, value in fetched.headers}
        key = (fetched.key or b"").decode(errors="replace")
        return port.Record(topic, fetched.partition, fetched.offset, key, fetched.value or b"", headers)

    def _unfinished(self, finished: Mapping[Partition, int]) -> dict[Partition, int]:
        """What is still to be committed of partitions that did not pass to another member."""
        places = self._places
        return {each: end for each, end in finished.items() if each in places and end > places[each].committed}

    async def _committed(self, wanted: Mapping[Partition, int]) -> bool:
        """Commit; False while a rebalance is under way: what is in hand stays ours, so it can be committed after it."""
        try:
            await self._joined().commit({kafka_assignor.place(each): end for each, end in wanted.items()})
        except (kafka_errors.CommitFailedError, kafka_errors.IllegalStateError):
            return False
        for partition, end in wanted.items():
            if (place := self._places.get(partition)) is not None:
                place.committed = max(place.committed, end)
        return True

    def _pass_on(self) -> None:
        """Join again, so that a partition that another member should have, and of which nothing is in hand, moves."""
        held = {each for each, place in self._places.items() if place.in_hand}
        if self._unwanted - held and not self._rejoining and self._consumer is not None:
            self._rejoining = True
            self._consumer.subscribe([self._log.names.wire(topic) for topic in self._topics])

    def _joined(self) -> Any:
        if self._consumer is None:
            raise errors.Unavailable
        return self._consumer


def _consumer(member: KafkaConsumer, log: Log, instance: str | None) -> Any:
    return aiokafka.AIOKafkaConsumer(
        **log.connection(member.group),
        group_id=log.names.wire(member.group),
        group_instance_id=instance,
        partition_assignment_strategy=(kafka_assignor.Assignor(member),),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=int(SESSION_S * 1000),
        heartbeat_interval_ms=int(HEARTBEAT_S * 1000),
        rebalance_timeout_ms=int(REBALANCE_S * 1000),
        max_poll_interval_ms=int(POLL_INTERVAL_S * 1000),
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        fetch_max_wait_ms=FETCH_WAIT_MS,
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
