"""What `ports.Uploads` promises, on the fake and on documents."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from mesh import documents, vault
from mesh.documents import port
from services.ingestion import domain, ports
from services.ingestion.adapters import documents as adapter
from services.ingestion.understanding import (
    BalanceBreak,
    Layout,
    Reconciliation,
    RowProblem,
    Signal,
    Tamper,
    Understanding,
)
from tests.fakes import ingestion as fakes
from tests.support import clocks

USER, OTHER = "user_one", "user_two"
UNDERSTANDING = Understanding(
    account_count=1, transaction_count=7, first_date="2025-01-01", last_date="2025-12-31", currencies=("CZK", "EUR"),
    sum_credits={"CZK": "4711.00", "EUR": "0.00"}, sum_debits={"CZK": "0.00", "EUR": "8.15"},
    layout=Layout("csv", "semicolon", "cp1250", ",", "%d.%m.%Y", "signed", 0.9),
    reconciliation=Reconciliation("breaks", 6, 5, (BalanceBreak(3, "CZ-4712", "CZK", "10.00", "12.00"),)),
    problems=(RowProblem(9, "Castka", "no amount", "twelve"),), problem_count=1,
    tamper=Tamper(0.35, (Signal("balance_breaks", 0.35, "row 3"),)), notes=("a remark",),
)  # fmt: skip
SOON = timedelta(minutes=2)


@pytest.fixture
async def store(tmp_path: pathlib.Path) -> AsyncIterator[port.Documents]:
    opened = await documents.open_documents("sqlite:test.db", tmp_path, clocks.HandClock())
    yield opened
    await opened.close()


@pytest.fixture
async def secrets(store: port.Documents, tmp_path: pathlib.Path) -> vault.Vault:
    opened = await vault.open_vault("file:keys", tmp_path, store, clocks.HandClock())
    for user_id in (USER, OTHER):
        await opened.create_subject(user_id)
    return opened


@pytest.fixture(params=["fake", "documents"])
async def uploads(request: pytest.FixtureRequest, store: port.Documents, secrets: vault.Vault) -> ports.Uploads:
    if request.param == "fake":
        return fakes.FakeUploads()
    await store.ensure(adapter.UPLOADS)
    return adapter.DocumentUploads(store, secrets, clocks.HandClock())


def upload_of(reservation: domain.Reservation, at: datetime = clocks.START) -> domain.Upload:
    return domain.Upload(
        id=reservation.upload_id, user_id=reservation.user_id, version=reservation.version,
        data_type="bank_statement", source_country="CZ", record_count=7, rejected_count=1, first_date="2025-01-01",
        last_date="2025-12-31", currencies=("CZK", "EUR"), created_at=at, due_at=at + SOON,
        signals=(Signal("some_sign", 0.5),),
    )  # fmt: skip


def contents_of(digest: bytes) -> domain.Contents:
    """Of a file; what its rows move is said by all of its bytes but the last."""
    return domain.Contents(UNDERSTANDING, digest, digest[:-1])


async def accepted(uploads: ports.Uploads, digest: bytes, *, user_id: str = USER, seconds: int = 0) -> domain.Upload:
    at = clocks.START + timedelta(seconds=seconds)
    reservation = await uploads.reserve(user_id, at)
    return await uploads.accept(reservation, upload_of(reservation, at), contents_of(digest))


async def test_an_accepted_upload_is_found_as_it_was(uploads: ports.Uploads) -> None:
    upload = await accepted(uploads, b"one")
    assert await uploads.find(USER, upload.id) == upload
    assert await uploads.find_same(USER, b"one") == upload
    assert await uploads.find(OTHER, upload.id) is None
    assert await uploads.find_same(OTHER, b"one") is None
    assert await uploads.find_same(USER, b"two") is None


async def test_what_was_understood_is_found_by_its_owner(uploads: ports.Uploads) -> None:
    upload = await accepted(uploads, b"one")
    assert await uploads.find_whole(USER, upload.id) == (upload, UNDERSTANDING)
    assert await uploads.find_whole(OTHER, upload.id) is None
    await uploads.save(upload.processed(domain.Result("scored", (), "analysis_1")))
    assert await uploads.find_whole(USER, upload.id) == (await uploads.find(USER, upload.id), UNDERSTANDING)
    reservation = await uploads.reserve(USER, clocks.START)
    assert await uploads.find_whole(USER, reservation.upload_id) is None


async def test_the_first_owner_of_rows_is_known_whoever_asks(uploads: ports.Uploads) -> None:
    await accepted(uploads, b"rows2", user_id=OTHER, seconds=2)
    await accepted(uploads, b"rows1", user_id=USER, seconds=1)
    assert await uploads.first_owner(b"rows") == USER
    assert await uploads.first_owner(b"other rows") is None
    await uploads.forget(USER, 10)
    assert await uploads.first_owner(b"rows") == OTHER


async def test_rows_without_a_fingerprint_are_nobodys(uploads: ports.Uploads) -> None:
    reservation = await uploads.reserve(USER, clocks.START)
    contents = domain.Contents(UNDERSTANDING, b"one", b"")
    await uploads.accept(reservation, upload_of(reservation), contents)
    assert await uploads.first_owner(b"rows") is None


async def test_a_reservation_is_found_by_nothing_but_its_age(uploads: ports.Uploads) -> None:
    reservation = await uploads.reserve(USER, clocks.START)
    assert await uploads.find(USER, reservation.upload_id) is None
    assert await uploads.page(USER, 10, None) == []
    assert await uploads.accepted(USER, 10) == []
    assert await uploads.stuck(clocks.START + timedelta(days=9), 10) == []
    assert await uploads.abandoned(clocks.START, 10) == []
    assert await uploads.abandoned(clocks.START + timedelta(seconds=1), 10) == [reservation]
    await uploads.release(reservation)
    await uploads.release(reservation)
    assert await uploads.abandoned(clocks.START + timedelta(seconds=1), 10) == []


async def test_the_same_bytes_are_accepted_once(uploads: ports.Uploads) -> None:
    async def attempt() -> domain.Upload | None:
        try:
            return await accepted(uploads, b"one")
        except ports.SameBytesKept:
            return None

    outcomes = await asyncio.gather(*(attempt() for _ in range(5)))
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert await accepted(uploads, b"one", user_id=OTHER)


async def test_a_released_reservation_cannot_be_accepted(uploads: ports.Uploads) -> None:
    reservation = await uploads.reserve(USER, clocks.START)
    await uploads.release(reservation)
    with pytest.raises(ports.UploadChanged):
        await uploads.accept(reservation, upload_of(reservation), contents_of(b"one"))


async def test_pages_go_from_the_newest_to_the_oldest(uploads: ports.Uploads) -> None:
    made = [await accepted(uploads, bytes([number]), seconds=number // 2) for number in range(6)]
    await accepted(uploads, b"other", user_id=OTHER)
    seen: list[domain.Upload] = []
    for _ in range(4):
        place = ports.Place(seen[-1].created_at, seen[-1].id) if seen else None
        seen += await uploads.page(USER, 2, place)
    assert seen == sorted(made, key=lambda upload: (upload.created_at, upload.id), reverse=True)


async def test_excluded_uploads_go_into_no_analysis(uploads: ports.Uploads) -> None:
    made = [await accepted(uploads, bytes([number]), seconds=number) for number in range(4)]
    await uploads.save(made[1].failed("No.", is_excluded=True))
    assert [upload.id for upload in await uploads.accepted(USER, 10)] == [made[0].id, made[2].id, made[3].id]
    assert [upload.id for upload in await uploads.accepted(USER, 2)] == [made[2].id, made[3].id]
    assert len(await uploads.page(USER, 10, None)) == 4


async def test_only_overdue_pending_uploads_are_stuck(uploads: ports.Uploads) -> None:
    made = [await accepted(uploads, bytes([number]), seconds=number) for number in range(3)]
    result = domain.Result("insufficient_data", ("Too little.",), "analysis_1")
    await uploads.save(made[0].processed(result))
    at = clocks.START + SOON
    assert await uploads.stuck(at + timedelta(seconds=1), 10) == []
    found = await uploads.stuck(at + timedelta(seconds=9), 10)
    assert [upload.id for upload in found] == [made[1].id, made[2].id]
    saved = await uploads.find(USER, made[0].id)
    assert saved is not None
    assert (saved.status, saved.result) == (domain.Status.PROCESSED, result)


async def test_of_two_writers_the_second_is_told(uploads: ports.Uploads) -> None:
    upload = await accepted(uploads, b"one")
    saved = await uploads.save(dataclasses.replace(upload, tries=1))
    with pytest.raises(ports.UploadChanged):
        await uploads.save(dataclasses.replace(upload, tries=2))
    assert await uploads.save(dataclasses.replace(saved, tries=3))


async def test_what_is_forgotten_is_gone_and_can_be_sent_again(uploads: ports.Uploads) -> None:
    upload = await accepted(uploads, b"one")
    await uploads.reserve(USER, clocks.START)
    kept = await accepted(uploads, b"one", user_id=OTHER)
    assert await uploads.forget(USER, 10) == 2
    assert await uploads.forget(USER, 10) == 0
    with pytest.raises(ports.UploadChanged):
        await uploads.save(upload)
    assert await uploads.find_same(OTHER, b"one") == kept


@pytest.fixture
async def record(store: port.Documents, secrets: vault.Vault) -> adapter.DocumentUploads:
    await store.ensure(adapter.UPLOADS)
    return adapter.DocumentUploads(store, secrets, clocks.HandClock())


async def test_acceptance_and_its_event_are_one_write(record: adapter.DocumentUploads, store: port.Documents) -> None:
    upload = await accepted(record, b"one")
    (pending,) = await store.pending_events(10)
    assert (pending.publication.topic, pending.publication.key) == ("data.ingested", USER)
    again = await record.queue_again(upload.queued_again(clocks.START, domain.Patience(SOON, 1)))
    assert again.version == upload.version + 1
    assert len(await store.pending_events(10)) == 2


async def test_uploads_of_a_destroyed_key_are_as_good_as_gone(
    record: adapter.DocumentUploads, secrets: vault.Vault
) -> None:
    upload, kept = await accepted(record, b"one"), await accepted(record, b"one", user_id=OTHER)
    await secrets.destroy_subject(USER)
    assert await record.find(USER, upload.id) is None
    assert await record.find_whole(USER, upload.id) is None
    assert await record.first_owner(b"on") == OTHER
    assert await record.page(USER, 10, None) == []
    assert await record.stuck(clocks.START + timedelta(days=1), 10) == [kept]
    assert await record.forget(USER, 10) == 1


async def test_what_was_read_of_a_statement_is_in_no_document_in_clear(
    record: adapter.DocumentUploads, store: port.Documents
) -> None:
    upload = await accepted(record, b"one")
    document = await store.get("uploads", upload.id)
    assert document is not None
    for private in ("2025-01-01", "2025-12-31", "EUR", "4711", "8.15", "Castka", "twelve", "some_sign", b"on".hex()):
        assert private not in repr(document.data)
