"""Which member of a group works on which partitions: even, with few moves, and never out of a member's hands.

A partition moves to another member only after the one that has it has finished what it took from it; until then that
member keeps it and is told to take no more. Pure functions; `mesh.events.kafka_assignor` puts them on the wire.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

Partition = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a member says when it joins: the topics it reads, the partitions it had, those it has unfinished work of."""

    topics: frozenset[str]
    owned: frozenset[Partition] = frozenset()
    in_hand: frozenset[Partition] = frozenset()


@dataclasses.dataclass(frozen=True)
class Share:
    """What a member gets. It finishes what it holds of the `unwanted` ones, takes no more, and joins again then."""

    partitions: frozenset[Partition]
    unwanted: frozenset[Partition] = frozenset()


def divide(sizes: Mapping[str, int], claims: Mapping[str, Claim]) -> dict[str, Share]:
    """Each member's share of all partitions of the topics that somebody reads. `sizes`: partitions by topic."""
    wanted = {topic for claim in claims.values() for topic in claim.topics}
    partitions = [(topic, number) for topic in sorted(wanted) for number in range(sizes.get(topic, 0))]
    holders = _owners(partitions, claims, in_hand_only=True)
    plan = _Plan(claims)
    for partition, member in _owners(partitions, claims, in_hand_only=False).items():
        plan.give(partition, member)
    for partition in partitions:
        plan.place(partition)
    plan.level(len(partitions) * len(claims), frozenset(holders))
    return _shares(plan, holders)


def _owners(partitions: list[Partition], claims: Mapping[str, Claim], *, in_hand_only: bool) -> dict[Partition, str]:
    """Who has each partition. Of several that say so, one with work in hand is believed first."""
    exist = set(partitions)
    found: dict[Partition, tuple[int, str]] = {}
    for member, claim in sorted(claims.items()):
        kinds = (claim.in_hand,) if in_hand_only else (claim.in_hand, claim.owned)
        for weight, kind in enumerate(kinds):
            for partition in kind & exist:
                if partition[0] in claim.topics and (partition not in found or weight < found[partition][0]):
                    found[partition] = (weight, member)
    return {partition: member for partition, (_, member) in found.items()}


def _shares(plan: _Plan, holders: Mapping[Partition, str]) -> dict[str, Share]:
    held: dict[str, set[Partition]] = {member: set() for member in plan.loads}
    unwanted: dict[str, set[Partition]] = {member: set() for member in plan.loads}
    for member, load in plan.loads.items():
        for partition in load:
            holder = holders.get(partition, member)
            held[holder].add(partition)
            if holder != member:
                unwanted[holder].add(partition)
    return {member: Share(frozenset(held[member]), frozenset(unwanted[member])) for member in plan.loads}


class _Plan:
    """Partitions by member, as they should come to lie."""

    def __init__(self, claims: Mapping[str, Claim]) -> None:
        self._claims = claims
        self.loads: dict[str, set[Partition]] = {member: set() for member in sorted(claims)}
        self._placed: set[Partition] = set()

    def give(self, partition: Partition, member: str) -> None:
        self.loads[member].add(partition)
        self._placed.add(partition)

    def place(self, partition: Partition) -> None:
        """Give a partition that nobody has to whoever has least."""
        if partition not in self._placed:
            topic = partition[0]
            readers = [member for member in self.loads if topic in self._claims[member].topics]
            self.give(partition, min(readers, key=lambda member: (len(self.loads[member]), self._count(member, topic))))

    def level(self, most_moves: int, in_hand: frozenset[Partition]) -> None:
        """Move partitions until no member has two more than another that could have one of them."""
        for _ in range(most_moves):
            move = self._move(in_hand)
            if move is None:
                return
            partition, giver, taker = move
            self.loads[giver].remove(partition)
            self.loads[taker].add(partition)

    def _move(self, in_hand: frozenset[Partition]) -> tuple[Partition, str, str] | None:
        by_load = sorted(self.loads, key=lambda member: len(self.loads[member]))
        for giver in reversed(by_load):
            for taker in by_load:
                if len(self.loads[taker]) + 1 >= len(self.loads[giver]):
                    break
                movable = [each for each in self.loads[giver] if each[0] in self._claims[taker].topics]
                if movable:
                    return min(movable, key=lambda each: self._cost(each, giver, taker, in_hand)), giver, taker
        return None

    def _cost(
        self, partition: Partition, giver: str, taker: str, in_hand: frozenset[Partition]
    ) -> tuple[bool, int, Partition]:
        """Free ones first, then those of the topic of which the giver has most more than the taker."""
        topic = partition[0]
        return partition in in_hand, self._count(taker, topic) - self._count(giver, topic), partition

    def _count(self, member: str, topic: str) -> int:
        return sum(1 for each in self.loads[member] if each[0] == topic)
