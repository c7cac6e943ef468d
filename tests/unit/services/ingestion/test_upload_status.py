from __future__ import annotations

from datetime import timedelta

import pytest

from mesh import errors as mesh_errors
from services.ingestion import domain, errors, ports
from services.ingestion.understanding import Understanding
from services.ingestion.usecases import following, showing, sweeping
from tests.fakes import ingestion as fakes
from tests.support import clocks

USER = "user_one"
PATIENCE = domain.Patience(timedelta(minutes=2), tries=2)
SCORED = domain.Result("scored", (), "analysis_one")


class World:
    def __init__(self) -> None:
        self.consents, self.analyses = fakes.FakeConsents(), fakes.FakeAnalyses()
        self.uploads, self.statements = fakes.FakeUploads(), fakes.FakeStatements()
        self.clock = clocks.HandClock()
        self.sweep = sweeping.SweepStuckUploads(self.uploads, self.consents, self.analyses, self.clock, PATIENCE)

    async def accepted(self, number: int, user_id: str = USER) -> domain.Upload:
        now = self.clock.now()
        reservation = await self.uploads.reserve(user_id, now)
        upload = domain.Upload(
            id=reservation.upload_id, user_id=user_id, version=1, data_type="bank_statement", source_country="CZ",
            record_count=1, rejected_count=0, first_date="2025-01-01", last_date="2025-01-01", currencies=("CZK",),
            created_at=now + timedelta(seconds=number), due_at=now + PATIENCE.stuck_after,
        )  # fmt: skip
        self.statements.parts[user_id, upload.id, ports.Part.ROWS] = f"rows {number}".encode()
        contents = domain.Contents(Understanding(), str(number).encode(), b"")
        return await self.uploads.accept(reservation, upload, contents)

    async def upload(self, upload: domain.Upload) -> domain.Upload:
        found = await self.uploads.find(upload.user_id, upload.id)
        assert found is not None
        return found


@pytest.fixture
def world() -> World:
    return World()


async def test_an_analysis_marks_every_upload_that_it_covers(world: World) -> None:
    first, second, third = [await world.accepted(number) for number in range(3)]
    record = following.RecordAnalysis(world.uploads)
    await record(USER, [first.id, second.id], SCORED)
    await record(USER, [first.id, second.id], SCORED)
    for covered in (first, second):
        found = await world.upload(covered)
        assert (found.status, found.result) == (domain.Status.PROCESSED, SCORED)
    assert (await world.upload(third)).status is domain.Status.PENDING


async def test_an_earlier_analysis_that_is_told_again_changes_nothing(world: World) -> None:
    upload = await world.accepted(1)
    record = following.RecordAnalysis(world.uploads)
    earlier = domain.Result("scored", (), "analysis_one", world.clock.now())
    later = domain.Result("scored", (), "analysis_two", world.clock.now() + timedelta(seconds=1))
    for result in (earlier, later):
        await record(USER, [upload.id], result)
    settled = await world.upload(upload)
    assert settled.result == later
    for result in (earlier, later):
        await record(USER, [upload.id], result)
    assert await world.upload(upload) == settled


async def test_an_analysis_cannot_mark_what_is_gone_or_anothers(world: World) -> None:
    mine = await world.accepted(1)
    await following.RecordAnalysis(world.uploads)("user_two", [mine.id, "upload_gone"], SCORED)
    assert (await world.upload(mine)).status is domain.Status.PENDING


async def test_an_upload_that_is_stuck_has_its_analysis_asked_for_again(world: World) -> None:
    await world.accepted(1)
    await world.accepted(2)
    await world.sweep()
    assert world.analyses.requested == []
    world.clock.move(minutes=2, seconds=1)
    await world.sweep()
    await world.sweep()
    assert world.analyses.requested == [USER]


async def test_each_try_waits_twice_as_long_and_the_last_fails_the_upload(world: World) -> None:
    upload = await world.accepted(1)
    for minutes in (2, 4, 8):
        world.clock.move(minutes=minutes, seconds=1)
        await world.sweep()
    found = await world.upload(upload)
    assert world.analyses.requested == [USER] * PATIENCE.tries
    assert (found.status, found.is_excluded) == (domain.Status.FAILED, True)
    assert found.result == domain.Result("failed", (domain.GIVEN_UP_MESSAGE,))
    assert await showing.ListAccepted(world.uploads)(USER) == []


async def test_an_analysis_service_that_cannot_be_reached_costs_no_try(world: World) -> None:
    upload = await world.accepted(1)
    world.analyses.trouble = mesh_errors.Unavailable()
    for _ in range(PATIENCE.tries + 2):
        world.clock.move(minutes=3)
        await world.sweep()
    found = await world.upload(upload)
    assert (found.status, found.tries) == (domain.Status.PENDING, 0)


async def test_a_stuck_upload_without_consent_fails_but_stays_accepted(world: World) -> None:
    upload = await world.accepted(1)
    world.consents.withdrawn.add(USER)
    world.clock.move(minutes=3)
    await world.sweep()
    found = await world.upload(upload)
    assert (found.status, found.result) == (
        domain.Status.FAILED,
        domain.Result("failed", (domain.WITHDRAWN_MESSAGE,)),
    )
    assert world.analyses.requested == []
    assert [found.id for found in await showing.ListAccepted(world.uploads)(USER)] == [upload.id]


async def test_an_erased_user_leaves_nothing(world: World) -> None:
    await world.accepted(1)
    await world.uploads.reserve(USER, world.clock.now())
    others = await world.accepted(2, "user_two")
    erase = following.EraseUser(world.uploads, world.statements)
    await erase(USER)
    await erase(USER)
    assert await showing.ListUploads(world.uploads)(USER, 0, None) == showing.Page([], None)
    assert [key[0] for key in world.statements.parts] == ["user_two"]
    assert await world.upload(others)


async def test_uploads_are_listed_newest_first_page_by_page(world: World) -> None:
    uploads = [await world.accepted(number) for number in range(5)]
    list_uploads = showing.ListUploads(world.uploads)
    seen, after = [], None
    for _ in range(3):
        page = await list_uploads(USER, 2, after)
        seen += [upload.id for upload in page.uploads]
        after = page.rest
    assert seen == [upload.id for upload in reversed(uploads)]
    assert after is None


async def test_anothers_upload_does_not_exist(world: World) -> None:
    upload = await world.accepted(1)
    with pytest.raises(errors.UploadNotFound):
        await showing.ShowUpload(world.uploads)("user_two", upload.id)


async def test_rows_come_upload_by_upload_and_never_anothers(world: World) -> None:
    first, second = await world.accepted(1), await world.accepted(2)
    stream = showing.StreamRows(world.uploads, world.statements)
    assert [piece async for piece in stream(USER, [second.id, first.id])] == [
        showing.Piece(second.id, b"rows 2"),
        showing.Piece(first.id, b"rows 1"),
    ]
    with pytest.raises(errors.UploadNotFound):
        await anext(stream("user_two", [first.id]))
