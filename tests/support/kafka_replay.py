"""Where the consumer groups of a system on Kafka stand, and how to send all of them back to the beginning."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiokafka
from aiokafka import admin, errors

from mesh.events import kafka_url

MEMBERS_LIMIT_S = 120.0
LOOK_S = 0.5
Positions = dict[str, dict[Any, int]]


async def lag(environ: Mapping[str, str]) -> int:
    """How many records the groups have not finished, all together."""
    async with _asking(environ) as (cluster, asking):
        found = await _positions(cluster, asking)
        consumer = aiokafka.AIOKafkaConsumer(**cluster.connection())
        await consumer.start()
        try:
            ends = await consumer.end_offsets({place for each in found.values() for place in each})
        finally:
            await consumer.stop()
    return sum(max(0, ends[place] - offset) for each in found.values() for place, offset in each.items())


async def rewind(environ: Mapping[str, str]) -> None:
    """Let every group begin again with the oldest record. Its members must have ended."""
    async with _asking(environ) as (cluster, asking):
        found = await _positions(cluster, asking)
    assert found, "no group has finished anything"
    for group, places in found.items():
        consumer = aiokafka.AIOKafkaConsumer(**cluster.connection(), group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(list(places))
            await _commit(consumer, await consumer.beginning_offsets(list(places)))
        finally:
            await consumer.stop()


async def _commit(consumer: Any, offsets: dict[Any, int]) -> None:
    """Commit once the group has no member: static ones keep their place until their session ends."""
    async with asyncio.timeout(MEMBERS_LIMIT_S):
        while True:
            with contextlib.suppress(errors.CommitFailedError):
                await consumer.commit(offsets)
                return
            await asyncio.sleep(LOOK_S)


@contextlib.asynccontextmanager
async def _asking(environ: Mapping[str, str]) -> AsyncIterator[tuple[kafka_url.Cluster, Any]]:
    cluster = kafka_url.parse(environ["CREDPASS_EVENTS_URL"], Path(environ["CREDPASS_DATA"]))
    asking = admin.AIOKafkaAdminClient(**cluster.connection())
    await asking.start()
    try:
        yield cluster, asking
    finally:
        await asking.close()


async def _positions(cluster: kafka_url.Cluster, asking: Any) -> Positions:
    """What each group of the system has finished, by partition."""
    groups = [name for name, _ in await asking.list_consumer_groups() if name.startswith(cluster.prefix)]
    return {
        group: {place: each.offset for place, each in (await asking.list_consumer_group_offsets(group)).items()}
        for group in groups
    }
