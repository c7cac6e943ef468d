"""The group protocol of `mesh.events.kafka_shares` on Kafka's wire: what members say when they join, what they get.

aiokafka has no cooperative protocol, and its sticky assignor keeps its memory in the class, which all consumers of a
process share. So this one brings what both would give: claims and marks travel in the user data of Kafka's consumer
protocol, and every consumer has an assignor of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

import orjson
from aiokafka import structs
from aiokafka.coordinator import protocol
from aiokafka.coordinator.assignors import abstract

from mesh.events import kafka_shares
from mesh.events.kafka_shares import Partition

NAME = "credpass-handover-1"
VERSION = 0


class Member(Protocol):
    """Whose assignor it is."""

    def claim(self) -> tuple[frozenset[Partition], frozenset[Partition]]:
        """What the member had, and what it has in hand of it, at this moment."""
        ...

    def assigned(self, share: kafka_shares.Share) -> None:
        """The member's new share. Nothing else of the group runs before this returns."""
        ...


class Assignor(abstract.AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """What aiokafka asks when a member joins, when it leads the group, and when it has got its share."""

    def __init__(self, member: Member) -> None:
        self._member = member

    @property
    def name(self) -> str:
        return NAME

    def metadata(self, topics: Iterable[str]) -> Any:
        owned, in_hand = self._member.claim()
        data = orjson.dumps({"owned": _listed(owned), "inHand": _listed(in_hand)})
        return protocol.ConsumerProtocolMemberMetadata(VERSION, sorted(topics), data)

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        claims = {member: _claim(metadata) for member, metadata in members.items()}
        topics = {topic for claim in claims.values() for topic in claim.topics}
        sizes = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
        return {member: _encoded(share) for member, share in kafka_shares.divide(sizes, claims).items()}

    def on_assignment(self, assignment: Any) -> None:
        partitions = frozenset((each.topic, each.partition) for each in assignment.partitions())
        unwanted = _partitions(orjson.loads(assignment.user_data or b"{}").get("unwanted", {}))
        self._member.assigned(kafka_shares.Share(partitions, unwanted & partitions))


def place(partition: Partition) -> Any:
    """A partition in aiokafka's form."""
    return structs.TopicPartition(*partition)


def _claim(metadata: Any) -> kafka_shares.Claim:
    said = orjson.loads(metadata.user_data or b"{}")
    owned, in_hand = _partitions(said.get("owned", {})), _partitions(said.get("inHand", {}))
    return kafka_shares.Claim(frozenset(metadata.subscription), owned, in_hand)


def _encoded(share: kafka_shares.Share) -> Any:
    data = orjson.dumps({"unwanted": _listed(share.unwanted)})
    return protocol.ConsumerProtocolMemberAssignment(VERSION, list(_listed(share.partitions).items()), data)


def _listed(partitions: Collection[Partition]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        found.setdefault(topic, []).append(number)
    return found


def _partitions(listed: Mapping[str, list[int]]) -> frozenset[Partition]:
    return frozenset((topic, number) for topic, numbers in listed.items() for number in numbers)
