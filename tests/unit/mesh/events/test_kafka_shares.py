"""The laws by which a group shares its partitions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mesh.events import kafka_shares
from mesh.events.kafka_shares import Claim, Partition, Share

SIZES = {"a": 6, "b": 3, "c": 1}
ALL = frozenset((topic, number) for topic, size in SIZES.items() for number in range(size))
MOST_ROUNDS = 4


def _claims(draw: some.DrawFn, topics: some.SearchStrategy[frozenset[str]]) -> dict[str, Claim]:
    partitions = some.frozensets(some.sampled_from(sorted(ALL | {("gone", 0), ("a", 99)})))
    found: dict[str, Claim] = {}
    for number in range(draw(some.integers(1, 5))):
        owned = draw(partitions)
        in_hand = frozenset(each for each in owned if draw(some.booleans()))
        found[f"member-{number}"] = Claim(draw(topics), owned, in_hand)
    return found


@some.composite
def _like_minded(draw: some.DrawFn) -> dict[str, Claim]:
    return _claims(draw, some.just(frozenset(SIZES)))


@some.composite
def _different(draw: some.DrawFn) -> dict[str, Claim]:
    return _claims(draw, some.frozensets(some.sampled_from([*SIZES, "nobodys"]), min_size=1))


def _after(
    shares: Mapping[str, Share], *, in_hand: Mapping[str, frozenset[Partition]] | None = None
) -> dict[str, Claim]:
    held = in_hand or {}
    topics = frozenset(SIZES)
    return {
        member: Claim(topics, share.partitions, held.get(member, frozenset()) & share.partitions)
        for member, share in shares.items()
    }


@given(_different())
def test_each_partition_has_one_member_that_reads_its_topic(claims: dict[str, Claim]) -> None:
    shares = kafka_shares.divide(SIZES, claims)
    given_out = [each for share in shares.values() for each in share.partitions]
    wanted = {each for each in ALL if any(each[0] in claim.topics for claim in claims.values())}
    assert sorted(given_out) == sorted(wanted)
    assert all(each[0] in claims[member].topics for member, share in shares.items() for each in share.partitions)
    assert all(share.unwanted <= share.partitions for share in shares.values())


@given(_different())
def test_nothing_leaves_a_members_hands(claims: dict[str, Claim]) -> None:
    shares = kafka_shares.divide(SIZES, claims)
    for partition in ALL:
        holders = {member for member, claim in claims.items() if partition in claim.in_hand}
        readers = {member for member in holders if partition[0] in claims[member].topics}
        if readers:
            assert any(partition in shares[member].partitions for member in readers)


@given(_like_minded())
def test_shares_are_even_once_hands_are_empty(claims: dict[str, Claim]) -> None:
    shares = kafka_shares.divide(SIZES, _after(kafka_shares.divide(SIZES, claims)))
    loads = sorted(len(share.partitions) for share in shares.values())
    assert loads[-1] - loads[0] <= 1
    assert not any(share.unwanted for share in shares.values())


@given(_like_minded())
def test_dividing_again_moves_nothing(claims: dict[str, Claim]) -> None:
    shares = kafka_shares.divide(SIZES, _after(kafka_shares.divide(SIZES, claims)))
    assert kafka_shares.divide(SIZES, _after(shares)) == shares


@given(_like_minded(), some.data())
def test_a_member_that_finishes_is_relieved(claims: dict[str, Claim], data: some.DataObject) -> None:
    shares = kafka_shares.divide(SIZES, claims)
    for _ in range(MOST_ROUNDS + len(ALL)):
        marked = {member: share.unwanted for member, share in shares.items() if share.unwanted}
        if not marked:
            return
        busy = {member: claim.in_hand for member, claim in claims.items()}
        done = data.draw(some.sampled_from(sorted((m, each) for m, some_ in marked.items() for each in some_)))
        busy[done[0]] = busy[done[0]] - {done[1]}
        claims = _after(shares, in_hand=busy)
        shares = kafka_shares.divide(SIZES, claims)
    pytest.fail("some member is never relieved")


def test_a_newcomer_takes_only_what_is_its_due() -> None:
    before = kafka_shares.divide(SIZES, {"one": Claim(frozenset(SIZES)), "two": Claim(frozenset(SIZES))})
    after = kafka_shares.divide(SIZES, {**_after(before), "three": Claim(frozenset(SIZES))})
    assert all(after[member].partitions <= before[member].partitions for member in before)
    assert len(after["three"].partitions) == 3


def test_members_share_each_topic_and_not_only_the_sum() -> None:
    shares = kafka_shares.divide({"a": 6, "b": 6}, {name: Claim(frozenset({"a", "b"})) for name in ("one", "two")})
    counts = [sum(1 for each in share.partitions if each[0] == "a") for share in shares.values()]
    assert counts == [3, 3]
