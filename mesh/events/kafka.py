"""The event log on a Kafka cluster (aiokafka).

Durable means acks=all by an idempotent producer. The partition of a key is crc32(key) % partitions, as in the log on
SQLite and as librdkafka's "consistent" partitioner has it (not Java's murmur2). Retention is the brokers' business.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from collections.abc import Collection, Coroutine, Sequence
from pathlib import Path
from typing import Any

import aiokafka
from aiokafka import admin as kafka_admin
from aiokafka import errors as kafka_errors

from mesh import errors, settings
from mesh.events import kafka_connection, kafka_standing, kafka_topics, kafka_url, port
from mesh.events.kafka_connection import Names, answering, reached
from mesh.events.kafka_consumer import KafkaConsumer

OPEN_TIMEOUT_S = 15.0
# A batch that no broker took for so long has failed.
REQUEST_TIMEOUT_S = 10.0
PUBLISH_TIMEOUT_S = 30.0
ADMIN_TIMEOUT_S = 30.0
# New partitions of a topic are noticed within this time.
METADATA_AGE_S = 5.0
# Below the 1 MiB that brokers take by default, with room for key and headers.
RECORD_BYTES = 1_000_000
# Longer than a batch or a request to join lasts that no broker answers.
CLOSE_TIMEOUT_S = 45.0
LOOKUPS = 50
LOOKUP_PAUSE_S = 0.1


class KafkaEventLog:
    """`mesh.events.port.EventLog` on a cluster. `instance`: the name that makes this process's members static."""

    def __init__(self, cluster: kafka_url.Cluster, instance: str = "") -> None:
        self.names, self._safety = Names(cluster.prefix), cluster.safety
        self._connection, self._instance = cluster.connection(), instance
        self._sizes: dict[str, int] = {}
        self._members: dict[KafkaConsumer, int] = {}
        self._clients: dict[str, Any] = {}
        self._starting = asyncio.Lock()
        self._retiring: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._closed = False

    async def create_topics(self, topics: Sequence[port.Topic]) -> None:
        with answering():
            async with asyncio.timeout(ADMIN_TIMEOUT_S):
                await kafka_topics.create(await self._client("admin"), self.names, topics, self._safety)
                producer = await self._client("producer")
                await producer.client.force_metadata_update()
                await self._look()

    async def check(self, topics: Sequence[port.Topic], groups: Sequence[str] = ()) -> None:
        wanted = {topic.name for topic in topics}
        with answering():
            async with asyncio.timeout(ADMIN_TIMEOUT_S):
                await kafka_standing.check(await self._client("admin"), self.names, wanted, groups, self._safety)

    async def publish(self, records: Sequence[port.Publication]) -> None:
        if not records:
            return
        if any(len(record.value) > RECORD_BYTES for record in records):
            raise errors.InvalidArgument("The event is larger than the log takes.")
        await self.require({record.topic for record in records})
        with reached():
            producer = await self._client("producer")
            try:
                async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                    await _send(producer, self.names, records)
            except (kafka_errors.KafkaError, OSError, TimeoutError):
                self._retire(producer)
                raise

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaConsumer:
        return KafkaConsumer(self, group, topics)

    async def sweep(self) -> int:
        return 0

    async def ping(self) -> None:
        with reached():
            producer = await self._client("producer")
            if not await producer.client.force_metadata_update():
                raise errors.Unavailable

    async def close(self) -> None:
        self._closed = True
        for member in list(self._members):
            await member.close()
        for client in self._clients.values():
            self.ending(_stop(client))
        self._clients.clear()
        if self._endings:
            await asyncio.wait(self._endings, timeout=CLOSE_TIMEOUT_S)

    def connection(self, client: str) -> dict[str, Any]:
        """What a client that bears this name is made with."""
        age_ms = int(METADATA_AGE_S * 1000)
        return {**self._connection, "client_id": f"credpass-{client}", "metadata_max_age_ms": age_ms}

    async def require(self, topics: Collection[str]) -> None:
        """Raise LookupError for a topic that nobody created. Brokers that create topics by themselves never do so."""
        if self._closed:
            raise errors.Unavailable
        if not all(topic in self._sizes for topic in topics):
            with reached():
                await self._look()
        if missing := sorted(topic for topic in topics if topic not in self._sizes):
            raise LookupError(f"no topic {missing[0]}")

    async def lag(self, group: str, topics: Collection[str]) -> int:
        """How many records of these topics a group has not finished."""
        with reached():
            async with asyncio.timeout(ADMIN_TIMEOUT_S):
                await self._look()
                await self.require(topics)
                places = self._places(topics)
                finished = await self._finished(group, places)
                observer = await self._client("observer")
                ends, starts = await observer.end_offsets(places), await observer.beginning_offsets(places)
        return sum(max(0, ends[each] - max(starts[each], finished.get(each, 0))) for each in places)

    def joined(self, member: KafkaConsumer) -> str | None:
        """Take note of a member; its static name, the same after a restart, where this process has one."""
        taken = {number for each, number in self._members.items() if each.group == member.group}
        self._members[member] = next(number for number in range(len(taken) + 1) if number not in taken)
        return f"{self._instance}-{self._members[member]}" if self._instance else None

    def left(self, member: KafkaConsumer) -> None:
        """Forget a member."""
        self._members.pop(member, None)

    def ending(self, end: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let a client come to its end, whoever waits for it; `close` does."""
        task = asyncio.create_task(_ended(end), name="kafka-client-ending")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    async def _look(self) -> None:
        """Read which topics exist, without naming any, which could create it."""
        producer = await self._client("producer")
        found = await producer.client.fetch_all_metadata()
        ours = {self.names.ours(topic): topic for topic in found.topics() if topic.startswith(self.names.prefix)}
        self._sizes = {topic: len(found.partitions_for_topic(wire) or ()) for topic, wire in ours.items()}

    def _places(self, topics: Collection[str]) -> list[Any]:
        numbered = [(topic, number) for topic in topics for number in range(self._sizes[topic])]
        return [aiokafka.TopicPartition(self.names.wire(topic), number) for topic, number in numbered]

    async def _finished(self, group: str, places: Sequence[Any]) -> dict[Any, int]:
        admin = await self._client("admin")
        for _ in range(LOOKUPS):
            try:
                found = await admin.list_consumer_group_offsets(self.names.wire(group), partitions=places)
            except kafka_errors.KafkaError as error:  # a cluster's first group waits for its coordinator
                if not error.retriable:
                    raise
                await asyncio.sleep(LOOKUP_PAUSE_S)
            else:
                return {place: committed.offset for place, committed in found.items()}
        raise errors.Unavailable

    async def _client(self, kind: str) -> Any:
        """A client that has been started: producer, admin or observer."""
        async with self._starting:
            if self._retiring is not None:
                # Until it has ended, batches of the failed producer may still arrive: new ones must come after them.
                await asyncio.shield(self._retiring)
                self._retiring = None
            if self._closed:
                raise errors.Unavailable
            if kind not in self._clients:
                self._clients[kind] = await _started(self._new(kind))
            return self._clients[kind]

    def _new(self, kind: str) -> Any:
        options = {**self.connection(kind), "request_timeout_ms": int(REQUEST_TIMEOUT_S * 1000)}
        if kind == "producer":
            return aiokafka.AIOKafkaProducer(**options, acks="all", enable_idempotence=True, partitioner=partition_of)
        if kind == "observer":
            return aiokafka.AIOKafkaConsumer(**options, enable_auto_commit=False)
        return kafka_admin.AIOKafkaAdminClient(**options)

    def _retire(self, producer: Any) -> None:
        """Give up a producer after an error: its sequence numbers may have a gap, which brokers never forgive."""
        if self._clients.get("producer") is producer:
            del self._clients["producer"]
            self._retiring = self.ending(_stop(producer))


def partition_of(key: bytes, partitions: Sequence[int], _available: Sequence[int]) -> int:
    """The partition of a key, whichever partitions are available at the moment: order within the key comes first."""
    return sorted(partitions)[zlib.crc32(key) % len(partitions)]


async def _send(producer: Any, names: Names, records: Sequence[port.Publication]) -> None:
    waiting = []
    for record in records:
        headers = [(name, value.encode()) for name, value in record.headers.items()]
        sent = await producer.send(names.wire(record.topic), record.value, record.key.encode(), headers=headers)
        waiting.append(sent)
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _started(client: Any) -> Any:
    try:
        await client.start()
    except BaseException:
        await _stop(client)
        raise
    return client


async def _stop(client: Any) -> None:
    await _ended(client.close() if isinstance(client, kafka_admin.AIOKafkaAdminClient) else client.stop())


async def _ended(end: Coroutine[Any, Any, None]) -> None:
    # A cluster that cannot be told notices by itself when the connections and heartbeats end.
    with contextlib.suppress(kafka_errors.KafkaError, OSError, TimeoutError):
        await end


async def open_cluster(url: str, data: Path, instance: str = "") -> KafkaEventLog:
    """Connect to the cluster that a `kafka://` URL names (`mesh.events.kafka_url`).

    Raises:
        settings.SettingsError: the URL is wrong, or its user lacks a right.
        errors.Unavailable: no broker can be reached, or it refuses the credentials; the message names the setting.
    """
    # Whatever matters of its lines is raised to us; the lines themselves name hosts and show library text.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    log = KafkaEventLog(kafka_url.parse(url, data), instance)
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            await log.ping()
    except kafka_connection.RightMissing as refusal:
        await log.close()
        raise settings.SettingsError(refusal.text) from None
    except (errors.Unavailable, TimeoutError):
        await log.close()
        raise errors.Unavailable(
            f"{kafka_url.VARIABLE}: no Kafka broker can be reached there, or it refuses the credentials or TLS."
        ) from None
    return log
