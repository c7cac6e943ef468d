"""Everything that a system leaves behind, byte by byte, as whoever gets hold of a disk or a server would see it.

A place is a name and what lies there; its name begins with the store that it is in. Mails are no part of it: they go to
the person.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import aiokafka
import pymongo
import redis
from aiokafka import admin as kafka_admin
from bson.raw_bson import RawBSONDocument

from mesh import blobs
from mesh.events import kafka_standing, kafka_url
from tests.support import moto_server, scanning
from tests.support.cluster_system import ClusterSystem
from tests.support.system_process import SystemProcess

Place = tuple[str, bytes]
# The mails, and what `credpass run` alone keeps: its own user's password.
NOT_OURS = ("mail", "accounts")
READ_LIMIT_S = 60.0
POLL_MS = 1000
BLOBS_LIMIT = 10_000


class Remains(Protocol):
    """`stores`: what the names of places begin with. `documents`, `events`, `blobs`: the store that holds each."""

    stores: frozenset[str]
    documents: str
    events: str
    blobs: str

    def places(self) -> Iterator[Place]:
        """Everything that is stored."""
        ...

    def logs(self) -> bytes:
        """What all processes have logged."""
        ...

    def envelopes(self) -> list[dict[str, Any]]:
        """Every event, as any consumer reads it."""
        ...


class OfFiles:
    """What the embedded system leaves: the files in its folder."""

    stores = frozenset({"credpass.db", "events.db", "blobs", "keys"})
    documents, events, blobs = "credpass.db", "events.db", "blobs"

    def __init__(self, system: SystemProcess) -> None:
        self._system = system

    def places(self) -> Iterator[Place]:
        return scanning.files(self._system.data, without=NOT_OURS)

    def logs(self) -> bytes:
        return self._system.log.read_bytes()

    def envelopes(self) -> list[dict[str, Any]]:
        database = sqlite3.connect(f"file:{self._system.data / 'events.db'}?mode=ro", uri=True)
        try:
            rows = database.execute("SELECT value FROM records").fetchall()
        finally:
            database.close()
        return [json.loads(value) for (value,) in rows]


class OfServers:
    """What a cluster leaves: documents, records, cached values and objects on its servers."""

    stores = frozenset({"documents", "events", "cache", "blobs"})
    documents, events, blobs = "documents", "events", "blobs"

    def __init__(self, cluster: ClusterSystem) -> None:
        self._environ, self._logs = cluster.environ, cluster.processes.folder

    def places(self) -> Iterator[Place]:
        yield from _documents(self._environ["CREDPASS_DOCUMENTS_URL"])
        yield from _cached(self._environ["CREDPASS_CACHE_URL"])
        yield from asyncio.run(_blobs(self._environ["CREDPASS_BLOBS_URL"], self._folder))
        for record in self._records():
            headers = b"\n".join(name.encode() + b"=" + value for name, value in record.headers)
            yield f"events/{record.topic}", b"\n".join((record.key or b"", record.value or b"", headers))

    def logs(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self._logs.iterdir()))

    def envelopes(self) -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in self._records()]

    @property
    def _folder(self) -> Path:
        return Path(self._environ["CREDPASS_DATA"])

    def _records(self) -> list[Any]:
        return asyncio.run(_records(kafka_url.parse(self._environ["CREDPASS_EVENTS_URL"], self._folder)))


def _documents(url: str) -> Iterator[Place]:
    with pymongo.MongoClient(url, document_class=RawBSONDocument) as client:
        database = client.get_default_database()
        for name in database.list_collection_names():
            for document in database[name].find():
                yield f"documents/{name}", bytes(document.raw)


def _cached(url: str) -> Iterator[Place]:
    with redis.Redis.from_url(url) as cache:
        for key in cache.scan_iter():
            yield "cache", key + b"\n" + b"\n".join(_value(cache, key))


def _value(cache: Any, key: bytes) -> list[bytes]:
    """What lies under a key in the server's own form; nothing where it has ended meanwhile."""
    kind = cache.type(key)
    match kind:
        case b"none":
            return []
        case b"string":
            return [cache.get(key) or b""]
        case b"hash":
            return [part for pair in cache.hgetall(key).items() for part in pair]
        case b"set":
            return list(cache.smembers(key))
        case b"zset":
            return list(cache.zrange(key, 0, -1))
        case b"list":
            return list(cache.lrange(key, 0, -1))
    raise AssertionError(f"nobody has said how to read a value of the kind {kind!r}")


async def _blobs(url: str, folder: Path) -> list[Place]:
    with moto_server.credentials():
        store = blobs.open_blobs(url, folder)
        try:
            keys = await store.list("", limit=BLOBS_LIMIT)
            return [(f"blobs/{key}", b"".join([piece async for piece in store.get(key)])) for key in keys]
        finally:
            await store.close()


async def _records(cluster: kafka_url.Cluster) -> list[Any]:
    """Every record of every topic of the system, from the oldest to those that were there when this began."""
    async with aiokafka.AIOKafkaConsumer(**cluster.connection(), enable_auto_commit=False) as consumer:
        places = await _partitions(cluster)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Any] = []
        async with asyncio.timeout(READ_LIMIT_S):
            while any([await consumer.position(each) < ends[each] for each in places]):
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    found += records
    return found


async def _partitions(cluster: kafka_url.Cluster) -> list[aiokafka.TopicPartition]:
    admin = kafka_admin.AIOKafkaAdminClient(**cluster.connection())
    await admin.start()
    try:
        topics = await kafka_standing.described(admin)
    finally:
        await admin.close()
    ours = [(name, each["partition"]) for name in topics if name.startswith(cluster.prefix) for each in topics[name]]
    return [aiokafka.TopicPartition(name, number) for name, number in ours]
