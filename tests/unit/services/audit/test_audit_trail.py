"""The trail's promises: once each, in one chain, and whatever is done to it behind our back is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mesh import documents, vault
from mesh.documents import port
from mesh.documents.port import Query
from services.audit import adapters, usecases
from services.audit.domain import chain, records
from services.audit.domain.records import Facts, Happening
from services.audit.errors import TrailBroken, TrailMoved
from services.audit.ports import Head, Search
from tests.support import clocks

RECORDS = "audit_records"
YEARS_2 = timedelta(days=730)


class World:
    """The service's use cases over real stores."""

    def __init__(self, store: port.Documents, keys: vault.Vault, clock: clocks.HandClock) -> None:
        self.store, self.keys, self.clock = store, keys, clock
        self.trail = adapters.DocumentTrail(store)
        self.signer = adapters.VaultSigner(keys)
        self.append = self.appender()
        self.verify = usecases.VerifyTrail(self.trail, self.signer)
        self.list = usecases.ListRecords(self.trail)
        self.prune = usecases.PruneTrail(self.trail, self.signer, clock, YEARS_2)

    def appender(self, trail: adapters.DocumentTrail | None = None) -> usecases.AppendEvents:
        return usecases.AppendEvents(trail or self.trail, self.signer, adapters.VaultConcealer(self.keys))

    async def write(self, *numbers: int) -> None:
        await self.append([self.happening(number) for number in numbers])

    def happening(self, number: int, **payload: Any) -> Happening:
        content = {"userId": f"user_{number % 3}", "uploadId": f"upload_{number}", **payload}
        return Happening(f"evt_{number}", "data.ingested", self.clock.now(), content, f"corr_{number // 2}")

    async def document(self, sequence: int) -> port.Document:
        (found,) = await self.store.find(RECORDS, Query(equals={"sequence": sequence}))
        return found

    async def sequences(self) -> list[tuple[int, str]]:
        found = await self.store.find(RECORDS, Query(order="sequence", limit=10_000))
        return [(document.data["sequence"], document.id) for document in found]

    async def defects(self) -> list[tuple[int, str]]:
        return [(defect.sequence, defect.kind) for defect in (await self.verify()).defects]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = clocks.HandClock()
    store = await documents.open_documents("sqlite:credpass.db", tmp_path, clock)
    await store.ensure(*adapters.COLLECTIONS)
    yield World(store, await vault.open_vault("file:keys", tmp_path, store, clock), clock)
    await store.close()


async def test_events_become_records_in_one_chain(world: World) -> None:
    await world.write(*range(50))
    await world.write(*range(50, 120))
    assert await world.sequences() == [(number + 1, f"evt_{number}") for number in range(120)]
    report = await world.verify()
    assert (report.intact, report.record_count) == (True, 120)
    assert report.last_hash == (await world.document(120)).data["hash"]


async def test_an_empty_trail_is_intact(world: World) -> None:
    assert await world.verify() == usecases.Report(0, "", ())


async def test_an_event_told_twice_is_one_record(world: World) -> None:
    await world.write(1, 2, 2, 3)
    await world.write(3, 4, 1)
    await world.appender()([world.happening(2), world.happening(5)])
    await world.write(5)
    assert await world.sequences() == [(1, "evt_1"), (2, "evt_2"), (3, "evt_3"), (4, "evt_4"), (5, "evt_5")]
    assert (await world.verify()).intact


async def test_several_writers_at_once_make_one_chain(world: World) -> None:
    writers = [world.appender() for _ in range(5)]

    async def write(index: int, start: int) -> None:
        await writers[index]([world.happening(number) for number in range(start, start + 7)])

    # Each batch overlaps with the next one.
    for start in range(0, 100, 25):
        await asyncio.gather(*(write(index, start + 5 * index) for index in range(5)))
    found = await world.sequences()
    assert [sequence for sequence, _ in found] == list(range(1, len(found) + 1))
    assert {name for _, name in found} == {f"evt_{number}" for number in range(102)}
    assert (await world.verify()).intact


class Crash(Exception):
    """The process ends here."""


class CrashingTrail(adapters.DocumentTrail):
    """Crashes after the head has moved and before the records are in their place."""

    async def move_head(self, head: Head) -> Head:
        await super().move_head(head)
        raise Crash


async def test_a_crash_between_head_and_records_loses_nothing_and_forks_nothing(world: World) -> None:
    await world.write(1, 2)
    with pytest.raises(Crash):
        await world.appender(CrashingTrail(world.store))([world.happening(3), world.happening(4)])
    assert len(await world.sequences()) == 2
    assert (await world.verify()).intact
    assert (await world.verify()).record_count == 4
    await world.appender()([world.happening(number) for number in (4, 5, 3)])
    expected = [(1, "evt_1"), (2, "evt_2"), (3, "evt_3"), (4, "evt_4"), (5, "evt_5")]
    assert await world.sequences() == expected
    assert (await world.verify()).intact


class CrowdedTrail(adapters.DocumentTrail):
    """Somebody else is always quicker."""

    async def move_head(self, head: Head) -> Head:
        raise TrailMoved


async def test_a_writer_that_is_always_beaten_gives_up_as_a_conflict(world: World) -> None:
    with pytest.raises(TrailMoved):
        await world.appender(CrowdedTrail(world.store))([world.happening(1)])
    assert await world.sequences() == []


async def _overwrite(world: World, place: int, /, **changes: Any) -> None:
    document = await world.document(place)
    await world.store.update(RECORDS, document, {**document.data, **changes})


async def _forge(world: World, sequence: int, **changes: str) -> None:
    """Change what a record says and give it a hash that fits."""
    (record,) = await world.trail.page(sequence - 1, sequence, 1)
    facts = Facts(**{**{name: getattr(record.facts, name) for name in chain.FIELDS}, **changes})
    data = {"actorId": facts.actor_id, "hash": chain.hash_of(record.previous_hash, facts)}
    await _overwrite(world, sequence, **data)


@pytest.mark.parametrize(
    "change",
    [
        {"actorId": "user_9"},
        {"details": {"uploadId": "upload_9"}},
        {"outcome": "refused"},
        {"timestamp": clocks.START + timedelta(seconds=1)},
        {"hash": "0" * 64},
        {"hash": "no hash"},
        {"previousHash": "1" * 64},
        {"previousHash": "no hash"},
        {"timestamp": "yesterday"},
        {"details": 7},
    ],
)
async def test_a_changed_record_is_found(world: World, change: dict[str, Any]) -> None:
    await world.write(*range(10))
    await _overwrite(world, 5, **change)
    assert (5, "changed") in await world.defects()


async def test_a_record_changed_together_with_its_hash_is_found(world: World) -> None:
    await world.write(*range(10))
    await _forge(world, 5, actor_id="user_9")
    assert await world.defects() == [(6, "missing")]


async def test_a_record_changed_at_the_end_together_with_its_hash_is_found(world: World) -> None:
    await world.write(1)
    await world.write(*range(2, 10))
    await _forge(world, 9, actor_id="user_9")
    assert await world.defects() == [(9, "changed")]


async def test_a_missing_record_is_found(world: World) -> None:
    await world.write(*range(10))
    await world.write(*range(10, 20))
    for sequence in (1, 5, 6):
        await world.store.delete(RECORDS, await world.document(sequence))
    assert await world.defects() == [(1, "missing"), (5, "missing"), (6, "missing")]


async def test_a_trail_cut_at_its_end_is_found(world: World) -> None:
    await world.write(*range(10))
    await world.write(10)
    for sequence in (9, 10):
        await world.store.delete(RECORDS, await world.document(sequence))
    assert await world.defects() == [(9, "missing"), (10, "missing")]


async def test_a_record_of_the_last_batch_that_is_gone_is_put_back_from_the_head(world: World) -> None:
    await world.write(*range(10))
    await world.store.delete(RECORDS, await world.document(4))
    assert await world.defects() == []
    await world.appender()([world.happening(10)])
    assert [sequence for sequence, _ in await world.sequences()] == list(range(1, 12))


async def test_reordered_records_are_found(world: World) -> None:
    await world.write(*range(10))
    await world.write(10)
    third, seventh = await world.document(3), await world.document(7)
    third = await world.store.update(RECORDS, third, {**third.data, "sequence": 1_000_000})
    await world.store.update(RECORDS, seventh, {**seventh.data, "sequence": 3})
    await world.store.update(RECORDS, third, {**third.data, "sequence": 7})
    kinds = await world.defects()
    assert {kind for _, kind in kinds} == {"reordered"}
    assert {3, 4, 7, 8} == {sequence for sequence, _ in kinds}


async def test_a_record_taken_out_with_the_rest_moved_up_is_found(world: World) -> None:
    await world.write(*range(10))
    await world.write(10)
    await world.store.delete(RECORDS, await world.document(5))
    for sequence in range(6, 12):
        await _overwrite(world, sequence, sequence=sequence - 1)
    assert (5, "missing") in await world.defects()


async def test_a_record_that_nobody_sealed_is_found(world: World) -> None:
    await world.write(*range(3))
    head = await world.trail.head()
    forged = chain.extend(head.end, [records.describe(world.happening(77))])
    await world.trail.place(forged)
    assert await world.defects() == [(4, "changed")]


async def test_a_head_that_was_not_sealed_is_found_and_stops_the_writing(world: World) -> None:
    await world.write(*range(10))
    await world.write(*range(10, 20))
    head = await world.store.get("audit_trail", "head")
    assert head is not None
    tenth = await world.document(10)
    shorter = {"sequence": 10, "hash": tenth.data["hash"]}
    await world.store.update("audit_trail", head, {**head.data, "end": shorter, "start": shorter, "batch": []})
    for sequence in range(11, 21):
        await world.store.delete(RECORDS, await world.document(sequence))
    assert await world.defects() == [(10, "changed")]
    with pytest.raises(TrailBroken):
        await world.appender()([world.happening(30)])
    assert len(await world.sequences()) == 10


@pytest.mark.parametrize("data", [{}, {"end": 7, "start": 7, "batch": 7, "signature": 7}])
async def test_a_maimed_head_is_found(world: World, data: port.Data) -> None:
    await world.write(*range(3))
    head = await world.store.get("audit_trail", "head")
    assert head is not None
    await world.store.update("audit_trail", head, data)
    assert (0, "changed") in await world.defects()


async def test_no_more_than_a_hundred_defects_are_named(world: World) -> None:
    await world.write(*range(150))
    await world.write(*range(150, 250))
    for sequence in range(1, 140):
        await world.store.delete(RECORDS, await world.document(sequence))
    assert len((await world.verify()).defects) == 100


async def test_records_are_listed_newest_first_by_all_that_is_given(world: World) -> None:
    await world.write(*range(20))

    async def found(**search: Any) -> list[str]:
        return [record.facts.event_id for record in await world.list(Search(**search))]

    assert await found(limit=3) == ["evt_19", "evt_18", "evt_17"]
    assert await found(actor_id="user_1") == ["evt_19", "evt_16", "evt_13", "evt_10", "evt_7", "evt_4", "evt_1"]
    assert await found(resource_id="upload_7") == ["evt_7"]
    assert await found(correlation_id="corr_4") == ["evt_9", "evt_8"]
    assert await found(correlation_id="corr_4", actor_id="user_0") == ["evt_9"]
    assert await found(actor_id="nobody") == []


async def _old_and_new(world: World) -> None:
    """450 records past retention and 30 younger ones."""
    for start in range(0, 450, 150):
        await world.write(*range(start, start + 150))
    world.clock.move(days=731)
    await world.write(*range(450, 480))
    await world.write(480)


async def test_pruning_leaves_a_checkpoint_from_which_the_chain_is_verified(world: World) -> None:
    await _old_and_new(world)
    await world.prune()
    assert [sequence for sequence, _ in await world.sequences()] == list(range(451, 482))
    report = await world.verify()
    assert (report.intact, report.record_count) == (True, 31)
    await world.prune()
    await world.write(500)
    assert (await world.verify()).record_count == 32


async def test_nothing_young_is_pruned(world: World) -> None:
    await world.write(*range(10))
    world.clock.move(days=729)
    await world.write(10)
    await world.prune()
    assert len(await world.sequences()) == 11
    assert (await world.trail.checkpoint()).version == 0


async def test_a_checkpoint_that_was_not_signed_is_found(world: World) -> None:
    await _old_and_new(world)
    await world.prune()
    checkpoint = await world.store.get("audit_trail", "checkpoint")
    assert checkpoint is not None
    later = await world.document(460)
    end = {"sequence": 460, "hash": later.data["hash"]}
    await world.store.update("audit_trail", checkpoint, {**checkpoint.data, "end": end})
    for sequence in range(451, 461):
        await world.store.delete(RECORDS, await world.document(sequence))
    assert await world.defects() == [(460, "changed")]


async def test_a_crash_between_checkpoint_and_removal_is_finished_by_the_next_run(world: World) -> None:
    await _old_and_new(world)

    class Crashing(adapters.DocumentTrail):
        async def remove(self, records: Sequence[chain.Record]) -> None:
            if records:
                raise Crash

    crashing = usecases.PruneTrail(Crashing(world.store), world.signer, world.clock, YEARS_2)
    with pytest.raises(Crash):
        await crashing()
    assert len(await world.sequences()) == 481
    assert (await world.verify()).intact
    await world.prune()
    assert [sequence for sequence, _ in await world.sequences()] == list(range(451, 482))
    assert (await world.verify()).intact


async def test_pruning_covers_up_no_defect(world: World) -> None:
    await _old_and_new(world)
    await _overwrite(world, 40, actorId="user_9")
    with pytest.raises(TrailBroken):
        await world.prune()
    assert (40, "changed") in await world.defects()
    assert len(await world.sequences()) == 481


async def test_where_a_call_came_from_is_sealed_and_goes_with_its_actor(world: World) -> None:
    await world.keys.create_subject("user_1")
    call = {
        "action": "auth.login",
        "actorType": "user",
        "outcome": "success",
        "clientAddress": "203.0.113.7",
        "userAgent": "curl",
    }
    calls = [
        Happening("evt_1", "call.audited", world.clock.now(), {**call, "actorId": "user_1"}, "corr_1"),
        Happening("evt_2", "call.audited", world.clock.now(), {**call, "actorId": "user_2"}, "corr_1"),
        Happening("evt_3", "call.audited", world.clock.now(), {**call, "actorType": "anonymous"}, "corr_1"),
    ]
    await world.append(calls)
    stored = [(await world.document(sequence)).data for sequence in (1, 2, 3)]
    assert "203.0.113.7" not in str(stored)
    assert "curl" not in str(stored)
    assert stored[0]["ipAddress"].startswith("sealed:")
    assert (
        stored[1]["ipAddress"]
        == stored[2]["ipAddress"]
        == "mac:" + await world.keys.mac("audit-ip-address", "203.0.113.7")
    )
    await world.keys.destroy_subject("user_1")
    assert (await world.verify()).intact
