"""What every document store keeps."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mesh import documents, errors
from mesh.documents import port
from mesh.documents.port import Collection, Index, NewDocument, Query
from tests.support import clocks, ferretdb
from tests.support.events_for_tests import event, number_of

ROOT = Path(__file__).parents[2]
T0 = datetime(2026, 2, 15, 10, 0, tzinfo=UTC)
THINGS = Collection(
    "things",
    (
        Index(("email",), unique=True),
        Index(("owner.id", "madeAt")),
        Index(("pair", "other"), unique=True),
        Index(("expiresAt",), ttl_s=60),
    ),
)

Opener = Callable[[], Awaitable[port.Documents]]


@pytest.fixture
def url(documents_url: str) -> str:
    return documents_url


@pytest.fixture
def clock() -> clocks.HandClock:
    return clocks.HandClock(T0)


@pytest.fixture
async def open_store(url: str, tmp_path: Path, clock: clocks.HandClock) -> AsyncIterator[Opener]:
    opened: list[port.Documents] = []

    async def open_() -> port.Documents:
        store = await documents.open_documents(url, tmp_path, clock)
        opened.append(store)
        await store.ensure(THINGS)
        return store

    yield open_
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: Opener) -> port.Documents:
    return await open_store()


async def _ids(store: port.Documents, query: Query) -> list[str]:
    return [document.id for document in await store.find("things", query)]


async def _outbox(store: port.Documents) -> list[int]:
    return [number_of(pending.publication) for pending in await store.pending_events(10_000)]


async def test_what_is_written_is_read_again(store: port.Documents) -> None:
    tokyo = timezone(timedelta(hours=9))
    data: port.Data = {
        "nothing": None,
        "flag": True,
        "count": 2**63 - 1,
        "ratio": 0.1,
        "text": 'a "$d": {"$b"} \u2028 ü',
        "raw": bytes(range(256)),
        "at": datetime(2026, 2, 15, 19, 0, 0, 123456, tzinfo=tokyo),
        "list": [1, "two", {"three": b"3"}, [T0, [], [[1]]]],
        "map": {"inner": {"at": T0}, "empty": {}, "a.b%2E%": 1},
    }
    written = await store.insert("things", "t1", data)
    read = await store.get("things", "t1")
    expected = {**data, "at": datetime(2026, 2, 15, 10, 0, 0, 123000, tzinfo=UTC)}
    assert read == written == port.Document("t1", 1, expected)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"at": datetime(2026, 1, 1)}, ValueError),  # noqa: DTZ001 - that is the point
        ({"inner": {"$d": "x"}}, ValueError),
        ({"inner": [{"$b": "x"}]}, ValueError),
        ({"thing": object()}, TypeError),
        ({"big": 2**70}, TypeError),
        ({"email": ["a", "b"]}, TypeError),
    ],
)
async def test_data_that_cannot_be_kept_is_refused(store: port.Documents, data: port.Data, error: type) -> None:
    with pytest.raises(error):
        await store.insert("things", "t1", data)
    assert await store.get("things", "t1") is None


async def test_an_absent_document_is_none_and_left_out_of_many(store: port.Documents) -> None:
    await store.insert("things", "t1", {"n": 1})
    assert await store.get("things", "t2") is None
    assert await store.get_many("things", []) == {}
    assert await store.get_many("things", ["t1", "t2", "t1"]) == {"t1": port.Document("t1", 1, {"n": 1})}


async def test_an_id_is_taken_once(store: port.Documents) -> None:
    await store.insert("things", "t1", {"n": 1})
    with pytest.raises(port.DuplicateKey) as refusal:
        await store.insert("things", "t1", {"n": 2}, event(1))
    assert refusal.value.fields == ("id",)
    assert await _outbox(store) == []


async def test_a_unique_index_refuses_the_second_and_names_its_fields(store: port.Documents) -> None:
    await store.insert("things", "t1", {"email": "a", "pair": 1, "other": 2})
    for taken, fields in (({"email": "a"}, ("email",)), ({"pair": 1, "other": 2}, ("pair", "other"))):
        with pytest.raises(port.DuplicateKey) as refusal:
            await store.insert("things", "t2", taken)
        assert refusal.value.fields == fields
    await store.insert("things", "t2", {"email": "b", "pair": 1, "other": 3})


async def test_a_unique_index_leaves_out_documents_without_its_first_field(store: port.Documents) -> None:
    await store.insert("things", "t1", {"email": None})
    await store.insert("things", "t2", {})
    first = await store.insert("things", "t3", {"email": "a"})
    await store.update("things", first, {})
    await store.insert("things", "t4", {"email": "a"})
    assert await store.get("things", "t1") == port.Document("t1", 1, {"email": None})
    for name, other in (("t5", {}), ("t6", {}), ("t7", {"other": None}), ("t8", {"other": None})):
        await store.insert("things", name, {"pair": 1, **other})
    assert await _ids(store, Query(equals={"pair": 1})) == ["t5", "t6", "t7", "t8"]


async def test_an_update_needs_the_version_it_stands_on(store: port.Documents) -> None:
    first = await store.insert("things", "t1", {"n": 1})
    second = await store.update("things", first, {"n": 2})
    assert second == await store.get("things", "t1") == port.Document("t1", 2, {"n": 2})
    for stale in (first, port.Document("t2", 1, {})):
        with pytest.raises(port.VersionConflict):
            await store.update("things", stale, {"n": 3}, event(1))
        with pytest.raises(port.VersionConflict):
            await store.delete("things", stale, event(1))
    assert await store.get("things", "t1") == second
    assert await _outbox(store) == []


async def test_an_update_cannot_take_what_is_unique(store: port.Documents) -> None:
    await store.insert("things", "t1", {"email": "a"})
    second = await store.insert("things", "t2", {"email": "b"})
    with pytest.raises(port.DuplicateKey):
        await store.update("things", second, {"email": "a"}, event(1))
    assert await store.get("things", "t2") == second
    assert await _outbox(store) == []


async def test_fifty_parallel_counters_lose_no_count(store: port.Documents) -> None:
    await store.insert("things", "t1", {"count": 0})

    async def add_one() -> int:
        for tries in range(1, 1000):
            document = await store.get("things", "t1")
            assert document is not None
            with contextlib.suppress(port.VersionConflict):
                await store.update("things", document, {"count": document.data["count"] + 1})
                return tries
        raise AssertionError

    tries = await asyncio.gather(*(add_one() for _ in range(50)))
    document = await store.get("things", "t1")
    assert document == port.Document("t1", 51, {"count": 50})
    assert sum(tries) > 50  # they did meet


async def test_of_fifty_racing_inserts_of_a_unique_value_one_wins(store: port.Documents) -> None:
    inserts = (store.insert("things", f"t{number}", {"email": "a"}, event(number)) for number in range(50))
    results = await asyncio.gather(*inserts, return_exceptions=True)
    won = [result for result in results if isinstance(result, port.Document)]
    lost = [result for result in results if isinstance(result, port.DuplicateKey)]
    assert (len(won), len(lost)) == (1, 49)
    assert await _ids(store, Query(equals={"email": "a"})) == [won[0].id]
    assert await _outbox(store) == [int(won[0].id[1:])]


async def test_one_refusal_leaves_the_writes_beside_it_alone(store: port.Documents) -> None:
    await store.insert("things", "t7", {})
    inserts = (store.insert("things", f"t{number}", {"n": number}, event(number)) for number in range(20))
    results = await asyncio.gather(*inserts, return_exceptions=True)
    assert [number for number, result in enumerate(results) if isinstance(result, Exception)] == [7]
    assert sorted(await _outbox(store)) == [number for number in range(20) if number != 7]
    assert await store.count("things", Query()) == 20


async def test_many_are_inserted_and_those_that_exist_are_left(store: port.Documents) -> None:
    await store.insert("things", "t3", {"n": "old"}, event(100))
    many = [NewDocument(f"t{number}", {"n": number}, (event(number),)) for number in range(90)]
    await store.insert_many("things", [*many, NewDocument("t5", {"n": "twice"}, (event(200),))])
    found = await store.get_many("things", [f"t{number}" for number in range(90)])
    expected = {number: number for number in range(90)} | {3: "old"}
    assert {int(name[1:]): document.data["n"] for name, document in found.items()} == expected
    assert await _outbox(store) == [100, *(number for number in range(90) if number != 3)]


async def test_many_clash_in_a_unique_index_loudly(store: port.Documents) -> None:
    await store.insert("things", "t1", {"email": "a"})
    with pytest.raises(port.DuplicateKey) as refusal:
        await store.insert_many("things", [NewDocument("t2", {"email": "a"})])
    assert refusal.value.fields == ("email",)


async def test_equals_and_range_and_order_select(store: port.Documents) -> None:
    for number in range(10):
        made_at = T0 + timedelta(seconds=number)
        await store.insert("things", f"t{number}", {"owner": {"id": number % 2}, "madeAt": made_at})
    odd = Query(equals={"owner.id": 1}, order="madeAt")
    assert await _ids(store, odd) == ["t1", "t3", "t5", "t7", "t9"]
    bounds = {"range_field": "madeAt", "at_least": T0 + timedelta(seconds=3), "below": T0 + timedelta(seconds=7)}
    some = Query(equals={"owner.id": 1}, order="madeAt", descending=True, **bounds)  # type: ignore[arg-type]
    assert await _ids(store, some) == ["t5", "t3"]
    assert await store.count("things", some) == 2
    assert await _ids(store, Query(limit=3)) == ["t0", "t1", "t2"]
    assert await _ids(store, Query(descending=True, limit=3, after=("ignored", "t8"))) == ["t7", "t6", "t5"]


async def test_none_matches_absent_and_null(store: port.Documents) -> None:
    await store.insert("things", "t1", {"owner": {"id": None}})
    await store.insert("things", "t2", {})
    await store.insert("things", "t3", {"owner": {"id": "x"}})
    assert await _ids(store, Query(equals={"owner.id": None})) == ["t1", "t2"]
    assert await store.count("things", Query(equals={"owner.id": None})) == 2


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_show_every_document_once_and_in_order(store: port.Documents, *, descending: bool) -> None:
    for number in range(23):
        # Some have no time, and some have the same one.
        made_at = None if number % 5 == 0 else T0 + timedelta(seconds=number // 4)
        await store.insert("things", f"t{number:02}", {"madeAt": made_at})
    whole = await store.find("things", Query(order="madeAt", descending=descending))
    order = [(document.data["madeAt"] or datetime.min.replace(tzinfo=UTC), document.id) for document in whole]
    assert len(whole) == 23
    assert order == sorted(order, reverse=descending)
    paged: list[port.Document] = []
    for _ in range(30):
        after = (paged[-1].data["madeAt"], paged[-1].id) if paged else None
        page = await store.find("things", Query(order="madeAt", descending=descending, after=after, limit=4))
        if not page:
            break
        paged += page
    assert paged == whole


@pytest.mark.parametrize(
    "query", [Query(equals={"n": 1}), Query(order="n"), Query(range_field="n", below=1), Query(limit=0)]
)
async def test_a_query_that_no_index_serves_is_refused(store: port.Documents, query: Query) -> None:
    with pytest.raises(ValueError):
        await store.find("things", query)


async def test_a_collection_that_was_never_ensured_is_refused(store: port.Documents) -> None:
    with pytest.raises(KeyError):
        await store.get("others", "t1")


async def test_a_new_index_covers_what_was_there_before(store: port.Documents) -> None:
    await store.insert_many("things", [NewDocument(f"t{number}", {"colour": number % 3}) for number in range(1000)])
    indexes = (*THINGS.indexes, Index(("colour", "email")))
    await store.ensure(Collection("things", indexes))
    await store.ensure(Collection("things", indexes))
    assert await store.count("things", Query(equals={"colour": 1})) == 333


async def test_a_new_unique_index_leaves_out_what_was_there_without_its_field(store: port.Documents) -> None:
    await store.insert_many("things", [NewDocument(f"t{number}", {"colour": None}) for number in range(3)])
    await store.insert("things", "red", {"colour": "red"})
    await store.ensure(Collection("things", (*THINGS.indexes, Index(("colour",), unique=True))))
    assert await store.get("things", "t1") == port.Document("t1", 1, {"colour": None})
    await store.insert("things", "t4", {"colour": None})
    with pytest.raises(port.DuplicateKey):
        await store.insert("things", "t5", {"colour": "red"})


async def test_a_deleted_id_is_free_though_its_events_wait(store: port.Documents) -> None:
    first = await store.insert("things", "t1", {"email": "a"}, event(1))
    await store.delete("things", first, event(2))
    assert await store.get("things", "t1") is None
    assert await store.get_many("things", ["t1"]) == {}
    assert (await _ids(store, Query()), await store.count("things", Query())) == ([], 0)
    for write in (store.update("things", first, {}), store.delete("things", first)):
        with pytest.raises(port.VersionConflict):
            await write
    second = await store.insert("things", "t1", {"email": "a"}, event(3))
    assert second == port.Document("t1", 1, {"email": "a"})
    await store.delete("things", second)
    await store.insert_many("things", [NewDocument("t1", {"email": "a"}, (event(4),)), NewDocument("t2", {})])
    assert await _outbox(store) == [1, 2, 3, 4]
    await store.clear_events(await store.pending_events(10))
    assert await _ids(store, Query()) == ["t1", "t2"]


async def test_a_delete_needs_no_events_to_keep_those_that_wait(store: port.Documents) -> None:
    document = await store.insert("things", "t1", {"email": "a"}, event(1))
    await store.delete("things", document)
    assert await _outbox(store) == [1]
    await store.clear_events(await store.pending_events(10))
    assert (await _outbox(store), await store.get("things", "t1")) == ([], None)
    await store.insert("things", "t1", {"email": "a"})


async def test_the_oldest_events_come_first_whatever_they_lie_in(store: port.Documents, open_store: Opener) -> None:
    other = await open_store()
    late = await store.insert("things", "late", {}, event(0))
    for number in range(1, 9, 2):
        await other.append(event(number))
        late = await store.update("things", late, {"n": number}, event(number + 1))
    for number in range(9):
        (oldest,) = await other.pending_events(1)
        assert number_of(oldest.publication) == number
        await store.clear_events([oldest])
    assert await store.pending_events(1) == []


async def test_an_event_outlives_the_time_of_its_document(store: port.Documents, clock: clocks.HandClock) -> None:
    await store.insert("things", "t1", {"expiresAt": T0}, event(1))
    clock.move(seconds=120)
    await store.sweep()
    assert await _outbox(store) == [1]
    await store.clear_events(await store.pending_events(10))
    await store.sweep()
    assert await store.get("things", "t1") is None


async def test_an_event_is_written_with_its_document_and_in_order(store: port.Documents) -> None:
    document = await store.insert("things", "t1", {}, event(1), event(2))
    document = await store.update("things", document, {"n": 1}, event(3))
    await store.append(event(4), event(5))
    await store.delete("things", document, event(6))
    pending = await store.pending_events(4)
    assert [number_of(item.publication) for item in pending] == [1, 2, 3, 4]
    assert (pending[0].publication.topic, pending[0].publication.key) == ("data.ingested", "user_1")
    await store.clear_events(pending[:2])
    assert await _outbox(store) == [3, 4, 5, 6]
    await store.clear_events(pending)
    await store.clear_events(pending)
    await store.append(event(7))
    assert await _outbox(store) == [5, 6, 7]


async def test_waiting_for_events_ends_with_one(store: port.Documents, open_store: Opener) -> None:
    other = await open_store()
    loop = asyncio.get_running_loop()
    for writer in (store, other):
        assert await _outbox(store) == []
        started = loop.time()
        waiting = asyncio.create_task(store.wait_for_events(30))
        await asyncio.sleep(0)
        await writer.append(event(1))
        while not (pending := await store.pending_events(10)):
            await waiting
            waiting = asyncio.create_task(store.wait_for_events(30))
        waiting.cancel()
        assert loop.time() - started < 5
        await store.clear_events(pending)
    started = loop.time()
    while loop.time() - started < 0.2:
        await store.wait_for_events(0.2)


async def test_one_relay_at_a_time_has_the_turn(store: port.Documents, open_store: Opener) -> None:
    other = await open_store()
    inside, most = 0, 0

    async def take(owner: port.Documents) -> None:
        nonlocal inside, most
        async with owner.relay_turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(take(owner) for owner in (store, store, other, other)))
    assert (inside, most) == (0, 1)


async def test_what_was_written_is_there_after_a_restart(open_store: Opener) -> None:
    store = await open_store()
    writes = (store.insert("things", f"t{number}", {"email": str(number)}, event(number)) for number in range(100))
    await asyncio.gather(*writes)
    await store.close()
    again = await open_store()
    assert await again.count("things", Query()) == 100
    assert sorted(await _outbox(again)) == list(range(100))
    with pytest.raises(port.DuplicateKey):
        await again.insert("things", "new", {"email": "7"})


async def test_two_processes_worth_of_stores_share_what_they_write(open_store: Opener) -> None:
    stores = [await open_store() for _ in range(3)]
    inserts = [
        store.insert("things", f"t{number}", {"email": f"{number}"}, event(number))
        for number in range(60)
        for store in stores
    ]
    results = await asyncio.gather(*inserts, return_exceptions=True)
    assert sum(isinstance(result, port.Document) for result in results) == 60
    assert sum(isinstance(result, port.DuplicateKey) for result in results) == 120
    for store in stores:
        assert await store.count("things", Query()) == 60
        assert sorted(await _outbox(store)) == list(range(60))


async def test_documents_past_their_time_to_live_go(store: port.Documents, clock: clocks.HandClock, url: str) -> None:
    if url.startswith("mongodb:") and os.environ.get(ferretdb.VARIABLE):
        pytest.skip("a MongoDB deletes by its own clock, about once a minute")
    for number in range(5):
        await store.insert("things", f"t{number}", {"expiresAt": T0 + timedelta(seconds=number)})
    await store.insert("things", "forever", {})
    clock.move(seconds=62.5)
    await store.sweep()
    kept = await _ids(store, Query())
    assert kept == ["forever", "t3", "t4"]


async def test_a_closed_store_says_that_it_is_unavailable(store: port.Documents) -> None:
    await store.ping()
    await store.close()
    with pytest.raises(errors.Unavailable):
        await store.ping()


def _files_with(folder: Path, canary: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and canary in path.read_bytes()]


async def test_a_deleted_document_is_in_no_file(open_store: Opener, tmp_path: Path, url: str) -> None:
    if not url.startswith("sqlite:"):
        pytest.skip("the files of a server are its own")
    store = await open_store()
    filler = [NewDocument(f"f{number:04}", {"text": "x" * (number % 700)}) for number in range(900)]
    await store.insert_many("things", filler)
    secrets = [
        await store.insert("things", f"s{number}", {"email": f"canary-{number}", "text": f"CANARY{number}" * 900})
        for number in range(5)
    ]
    secrets[0] = await store.update("things", secrets[0], {"text": "CANARY0" * 500})
    assert _files_with(tmp_path, b"CANARY")  # what is looked for can be found
    assert _files_with(tmp_path, b"canary-")
    other = await open_store()
    await asyncio.gather(*(store.delete("things", secret) for secret in secrets))
    assert _files_with(tmp_path, b"CANARY") == []
    assert _files_with(tmp_path, b"canary-") == []
    assert await other.count("things", Query()) == 900


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged", [3, 200])
async def test_killed_while_writing_nothing_acknowledged_is_lost_and_no_event_is_alone(
    open_store: Opener, tmp_path: Path, url: str, acknowledged: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.document_writer",
        url,
        str(tmp_path),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    acks = [int(await process.stdout.readline()) for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    acks += [int(line) for line in (await process.stdout.read()).splitlines(keepends=True) if line.endswith(b"\n")]
    await process.wait()
    store = await open_store()
    stored = {int(document.data["number"]) for document in await store.find("things", Query(limit=10_000))}
    assert set(acks) <= stored
    assert set(await _outbox(store)) == stored
