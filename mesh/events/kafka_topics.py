"""Makes topics exist on a cluster as `mesh.events.topics` lists them; running it again changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import admin as kafka_admin
from aiokafka import errors as kafka_errors

from mesh import errors
from mesh.events import kafka_standing, kafka_url, port
from mesh.events.kafka_connection import Names

DAY_MS = 24 * 3600 * 1000
BROKERS_CHOICE = -1
LOOKS = 100
LOOK_PAUSE_S = 0.05
LEFT_TO_BROKERS = kafka_url.Safety()
MAKING = "Create on the cluster or the topics; Describe, DescribeConfigs, Alter and AlterConfigs on the topics"


def settings_of(topic: port.Topic, safety: kafka_url.Safety = LEFT_TO_BROKERS) -> dict[str, str]:
    """A topic's settings. Segments end each day, so that records go within a day of their retention.

    Records bear the brokers' time: a publisher's wrong clock neither keeps nor loses any.
    """
    in_sync = {kafka_standing.MIN_INSYNC: str(safety.min_insync)} if safety.min_insync else {}
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_days * DAY_MS),
        "segment.ms": str(DAY_MS),
        "message.timestamp.type": "LogAppendTime",
        **in_sync,
    }


async def create(
    admin: Any, names: Names, topics: Sequence[port.Topic], safety: kafka_url.Safety = LEFT_TO_BROKERS
) -> None:
    """Create the topics, add partitions where there are too few, set what is set otherwise. Nothing is taken away.

    Raises:
        mesh.settings.SettingsError: the user may not, or the cluster has too few brokers or has topics on too few.
    """
    wanted = {names.wire(topic.name): topic for topic in topics}
    with kafka_standing.permitted(MAKING):
        sizes = await _sizes(admin, wanted)
        await _add(admin, {name: topic for name, topic in wanted.items() if name not in sizes}, safety)
        existing = {name: topic for name, topic in wanted.items() if name in sizes}
        small = {name: topic.partitions for name, topic in existing.items() if topic.partitions > sizes[name]}
        await _grow(admin, small)
        await _set(admin, {name: settings_of(topic, safety) for name, topic in existing.items()})
        await _settled(admin, {name: topic.partitions for name, topic in wanted.items()})
    await _check_copies(admin, wanted, safety)


async def _check_copies(admin: Any, wanted: Mapping[str, port.Topic], safety: kafka_url.Safety) -> None:
    found = await kafka_standing.described(admin)
    copies = {name: kafka_standing.copies_of(partitions) for name, partitions in found.items() if name in wanted}
    kafka_standing.check_copies(copies, safety)


async def _sizes(admin: Any, wanted: Mapping[str, port.Topic] | Mapping[str, int]) -> dict[str, int]:
    """Partitions that have a leader, by topic."""
    found = await kafka_standing.described(admin)
    return {
        name: sum(1 for partition in partitions if partition["leader"] >= 0)
        for name, partitions in found.items()
        if name in wanted
    }


async def _add(admin: Any, missing: Mapping[str, port.Topic], safety: kafka_url.Safety) -> None:
    if not missing:
        return
    answer = await admin.create_topics([_new(name, topic, safety) for name, topic in missing.items()])
    for _, code, *_rest in answer.topic_errors:
        error = kafka_errors.for_code(code)
        if error is kafka_errors.InvalidReplicationFactorError:
            raise kafka_standing.wrong(f"replicas asks for {safety.replicas} brokers, and the cluster has fewer")
        # Another process may have come first.
        if error not in {kafka_errors.NoError, kafka_errors.TopicAlreadyExistsError}:
            raise error


def _new(name: str, topic: port.Topic, safety: kafka_url.Safety) -> Any:
    # The library wants an empty assignment where the brokers choose, and none where they are told how many.
    assignment: dict[int, list[int]] | None = None if safety.replicas else {}
    replicas = safety.replicas or BROKERS_CHOICE
    return kafka_admin.NewTopic(name, topic.partitions, replicas, assignment, settings_of(topic, safety))


async def _grow(admin: Any, sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        try:
            await admin.create_partitions({name: kafka_admin.NewPartitions(size)})
        except kafka_errors.InvalidPartitionsError:  # another process may have come first
            if (await _sizes(admin, sizes)).get(name, 0) < size:
                raise


async def _set(admin: Any, wanted: Mapping[str, Mapping[str, str]]) -> None:
    changed = []
    for name, found in (await kafka_standing.configs(admin, list(wanted))).items():
        own, ours = own_settings(found), _no_weaker(wanted[name], found)
        if not ours.items() <= own.items():
            # The request replaces all settings of a topic, so it carries those that somebody else chose.
            changed.append(kafka_standing.resource(name, {**own, **ours}))
    if not changed:
        return
    for answer in await admin.alter_configs(changed):
        for code, *_rest in answer.resources:
            if code:
                raise kafka_errors.for_code(code)


def own_settings(found: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """Of a topic's settings, those that were set for it."""
    return {key: value for key, (value, source) in found.items() if source == kafka_standing.SET_FOR_TOPIC}


def _no_weaker(wanted: Mapping[str, str], found: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """What we want of a topic, but for a min.insync.replicas that is as strong already, whoever chose it."""
    asked = int(wanted.get(kafka_standing.MIN_INSYNC, 0))
    kept = kafka_standing.MIN_INSYNC if kafka_standing.in_sync(found) >= asked else ""
    return {key: value for key, value in wanted.items() if key != kept}


async def _settled(admin: Any, wanted: Mapping[str, int]) -> None:
    """Wait until every partition has a leader."""
    for _ in range(LOOKS):
        sizes = await _sizes(admin, wanted)
        if all(sizes.get(name, 0) >= size for name, size in wanted.items()):
            return
        await asyncio.sleep(LOOK_PAUSE_S)
    raise errors.Unavailable
