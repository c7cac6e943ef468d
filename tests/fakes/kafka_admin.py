"""A Kafka cluster as its administrator's client shows it: topics, where they lie, their settings, what it refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from aiokafka import errors as kafka_errors

BROKER_DEFAULT, SET_FOR_TOPIC = 5, 1
OK = 0


@dataclasses.dataclass
class FakeTopic:
    """A topic: how many partitions, on how many brokers, and what was set for it."""

    partitions: int
    replicas: int
    own: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a request brings: errors of topics, or resources and their settings."""

    topic_errors: list[tuple[str, int, str | None]] = dataclasses.field(default_factory=list)
    resources: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)


class FakeAdmin:
    """What `mesh.events` uses of `aiokafka.admin.AIOKafkaAdminClient`, over topics in memory.

    `hidden`: topics that the user may not see, which the cluster then leaves out of its lists. `refusals`: the error
    that a method's name brings. `defaults`: the brokers' own settings, `default_replicas` among them.
    """

    def __init__(self, brokers: int = 1, default_replicas: int = 1, min_insync: int = 1) -> None:
        self.brokers, self.default_replicas = brokers, default_replicas
        self.defaults = {"min.insync.replicas": str(min_insync), "retention.ms": "604800000"}
        self.topics: dict[str, FakeTopic] = {}
        self.hidden: set[str] = set()
        self.refusals: dict[str, type[kafka_errors.BrokerResponseError]] = {}

    async def describe_topics(self) -> list[dict[str, Any]]:
        seen = {name: topic for name, topic in self.topics.items() if name not in self.hidden}
        return [{"topic": name, "partitions": _partitions(topic)} for name, topic in seen.items()]

    async def create_topics(self, new_topics: Sequence[Any]) -> Answer:
        return Answer(topic_errors=[(new.name, self._create(new), None) for new in new_topics])

    async def create_partitions(self, sizes: dict[str, Any]) -> None:
        self._refuse("create_partitions")
        for name, new in sizes.items():
            self.topics[name].partitions = new.total_count

    async def describe_configs(self, resources: Sequence[Any]) -> list[Answer]:
        return [Answer(resources=[self._described(resource.name) for resource in resources])]

    async def alter_configs(self, resources: Sequence[Any]) -> list[Answer]:
        code = self._code("alter_configs")
        for resource in resources if not code else ():
            self.topics[resource.name].own = dict(resource.configs)
        return [Answer(resources=[(code, None, 2, resource.name) for resource in resources])]

    async def find_coordinator(self, _group: str) -> int:
        self._refuse("find_coordinator")
        return 1

    def _create(self, new: Any) -> int:
        if code := self._code("create_topics"):
            return code
        if new.replication_factor > self.brokers:
            return int(kafka_errors.InvalidReplicationFactorError.errno)
        replicas = self.default_replicas if new.replication_factor < 0 else new.replication_factor
        self.topics[new.name] = FakeTopic(new.num_partitions, replicas, dict(new.topic_configs))
        return OK

    def _described(self, name: str) -> tuple[Any, ...]:
        refusal = kafka_errors.TopicAuthorizationFailedError if name in self.hidden else None
        unknown = kafka_errors.UnknownTopicOrPartitionError if name not in self.topics else None
        if (error := refusal or unknown) is not None:
            return (error.errno, None, 2, name, [])
        own = self.topics[name].own
        inherited = {key: value for key, value in self.defaults.items() if key not in own}
        entries: list[tuple[Any, ...]] = [(key, value, False, SET_FOR_TOPIC, False, []) for key, value in own.items()]
        entries += [(key, value, False, BROKER_DEFAULT, False, []) for key, value in inherited.items()]
        return (self._code("describe_configs"), None, 2, name, entries)

    def _code(self, method: str) -> int:
        return int(self.refusals[method].errno) if method in self.refusals else OK

    def _refuse(self, method: str) -> None:
        if method in self.refusals:
            raise self.refusals[method]


def _partitions(topic: FakeTopic) -> list[dict[str, Any]]:
    brokers = list(range(topic.replicas))
    return [{"partition": number, "leader": 0, "replicas": brokers} for number in range(topic.partitions)]
