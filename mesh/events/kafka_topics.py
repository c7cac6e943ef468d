"""Makes topics exist on a cluster as `mesh.events.topics` lists them; running it again changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import admin as kafka_admin
from aiokafka import errors as kafka_errors
from aiokafka.admin import config_resource

from mesh import errors
from mesh.events import port
from mesh.events.kafka_connection import Names

DAY_MS = 24 * 3600 * 1000
BROKERS_CHOICE = -1
# DescribeConfigs: where a value comes from; this one was set for the topic itself.
SET_FOR_TOPIC = 1
LOOKS = 100
LOOK_PAUSE_S = 0.05


def settings_of(topic: port.Topic) -> dict[str, str]:
    """A topic's settings. Segments end each day, so that records go within a day of their retention.

    Records bear the brokers' time: a publisher's wrong clock neither keeps nor loses any.
    """
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_days * DAY_MS),
        "segment.ms": str(DAY_MS),
        "message.timestamp.type": "LogAppendTime",
    }


async def create(admin: Any, names: Names, topics: Sequence[port.Topic]) -> None:
    """Create the topics, add partitions where there are too few, set what is set otherwise. Nothing is taken away."""
    wanted = {names.wire(topic.name): topic for topic in topics}
    sizes = await _sizes(admin, wanted)
    await _add(admin, {name: topic for name, topic in wanted.items() if name not in sizes})
    existing = {name: topic for name, topic in wanted.items() if name in sizes}
    await _grow(admin, {name: topic.partitions for name, topic in existing.items() if topic.partitions > sizes[name]})
    await _set(admin, {name: settings_of(topic) for name, topic in existing.items()})
    await _settled(admin, {name: topic.partitions for name, topic in wanted.items()})


async def _sizes(admin: Any, wanted: Mapping[str, port.Topic] | Mapping[str, int]) -> dict[str, int]:
    """Partitions that have a leader, by topic."""
    return {
        each["topic"]: sum(1 for partition in each["partitions"] if partition["leader"] >= 0)
        for each in await admin.describe_topics()
        if each["topic"] in wanted
    }


async def _add(admin: Any, missing: Mapping[str, port.Topic]) -> None:
    if not missing:
        return
    answer = await admin.create_topics(
        [
            kafka_admin.NewTopic(name, topic.partitions, BROKERS_CHOICE, {}, settings_of(topic))
            for name, topic in missing.items()
        ]
    )
    for _, code, *_rest in answer.topic_errors:
        error = kafka_errors.for_code(code)
        # Another process may have come first.
        if error not in {kafka_errors.NoError, kafka_errors.TopicAlreadyExistsError}:
            raise error


async def _grow(admin: Any, sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        try:
            await admin.create_partitions({name: kafka_admin.NewPartitions(size)})
        except kafka_errors.InvalidPartitionsError:  # another process may have come first
            if (await _sizes(admin, sizes)).get(name, 0) < size:
                raise


async def _set(admin: Any, wanted: Mapping[str, Mapping[str, str]]) -> None:
    changed = []
    for name, own in (await _own_settings(admin, list(wanted))).items():
        if not wanted[name].items() <= own.items():
            # The request replaces all settings of a topic, so it carries those that somebody else chose.
            changed.append(_resource(name, {**own, **wanted[name]}))
    if not changed:
        return
    for answer in await admin.alter_configs(changed):
        for code, *_rest in answer.resources:
            if code:
                raise kafka_errors.for_code(code)


async def _own_settings(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs([_resource(name) for name in names]):
        for code, _message, _kind, name, entries in answer.resources:
            if code:
                raise kafka_errors.for_code(code)
            found[name] = {key: value for key, value, _fixed, source, *_ in entries if source == SET_FOR_TOPIC}
    return found


def _resource(name: str, configs: dict[str, str] | None = None) -> Any:
    return config_resource.ConfigResource(config_resource.ConfigResourceType.TOPIC, name, configs)


async def _settled(admin: Any, wanted: Mapping[str, int]) -> None:
    """Wait until every partition has a leader."""
    for _ in range(LOOKS):
        sizes = await _sizes(admin, wanted)
        if all(sizes.get(name, 0) >= size for name, size in wanted.items()):
            return
        await asyncio.sleep(LOOK_PAUSE_S)
    raise errors.Unavailable
