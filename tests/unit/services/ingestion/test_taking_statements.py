from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh import errors as mesh_errors
from services.ingestion import domain, errors, ports
from services.ingestion.usecases import incoming, previewing, receiving, sweeping, taking
from tests.fakes import ingestion as fakes
from tests.support import clocks

USER = "user_one"
PATIENCE = domain.Patience(timedelta(minutes=2), tries=2)
BOUNDS = receiving.Bounds(size_bytes=1_000, time_s=5.0, patience=PATIENCE)


class World:
    def __init__(self, bounds: receiving.Bounds = BOUNDS) -> None:
        self.consents, self.uploads, self.statements = (
            fakes.FakeConsents(),
            fakes.FakeUploads(),
            fakes.FakeStatements(),
        )
        self.reader, self.clock = fakes.FakeReader(), clocks.HandClock()
        receive = receiving.Receive(self.consents, self.uploads, self.statements, self.reader, self.clock, bounds)
        self.take = taking.TakeStatement(receive, self.uploads, self.statements, self.clock, bounds.patience)
        self.preview = previewing.PreviewStatement(receive)

    async def send(self, *pieces: incoming.Piece, user_id: str = USER) -> taking.Receipt:
        return await self.take(user_id, stream(*pieces))

    def assert_nothing_is_kept(self) -> None:
        assert self.uploads.is_empty
        assert not self.statements.parts
        assert not self.uploads.told


async def stream(*pieces: incoming.Piece) -> AsyncIterator[incoming.Piece]:
    for piece in pieces:
        yield piece


@pytest.fixture
def world() -> World:
    return World()


async def test_a_clean_statement_is_accepted_kept_and_told(world: World) -> None:
    receipt = await world.send(b"clean clean ", b"clean")
    assert (receipt.upload.record_count, receipt.upload.status, receipt.is_duplicate) == (3, "pending", False)
    assert world.statements.parts[USER, receipt.upload.id, ports.Part.ORIGINAL] == b"clean clean clean"
    assert world.statements.parts[USER, receipt.upload.id, ports.Part.ROWS] == b"row\n" * 3
    assert world.uploads.told == [receipt.upload.id]


async def test_fields_are_taken_before_and_after_the_file(world: World) -> None:
    receipt = await world.send(domain.Form(source_country="DE"), b"clean", domain.Form(data_type="transaction_history"))
    assert (receipt.upload.source_country, receipt.upload.data_type) == ("DE", "transaction_history")


async def test_the_country_is_the_users_where_the_form_has_none(world: World) -> None:
    receipt = await world.send(b"clean")
    assert (receipt.upload.source_country, receipt.upload.data_type) == ("CZ", "bank_statement")


async def test_without_consent_nothing_is_kept(world: World) -> None:
    world.consents.withdrawn.add(USER)
    with pytest.raises(errors.ConsentMissing):
        await world.send(b"clean")
    world.assert_nothing_is_kept()


@pytest.mark.parametrize(
    ("pieces", "field"),
    [
        ((), "file"),
        ((domain.Form(file_name="a.csv"),), "file"),
        ((domain.Form(file_name="a.csv"), b"", b""), "file"),
        ((domain.Form(file_name="a.csv"), b"clean", domain.Form(file_name="b.csv"), b"clean"), "file"),
        ((domain.Form(currency="EUR"), b"clean", domain.Form(currency="EUR")), "currency"),
        ((domain.Form(accept_partial=False), domain.Form(accept_partial=True), b"clean"), "accept_partial"),
        ((b"clean", domain.Form(data_type="tax_return")), "data_type"),
        ((b"clean", domain.Form(source_country="de")), "source_country"),
        ((b"clean", domain.Form(currency="euro")), "currency"),
        ((b"clean", domain.Form(date_order="ydm")), "date_order"),
        ((b"clean", domain.Form(decimal=";")), "decimal"),
        ((b"clean", domain.Form(sign="minus")), "sign"),
        ((b"clean", domain.Form(year=1969)), "year"),
        ((domain.Form(year=2101), b"clean"), "year"),
    ],
)
async def test_a_form_that_does_not_hold_is_refused_by_its_field(
    world: World, pieces: tuple[incoming.Piece, ...], field: str
) -> None:
    with pytest.raises(errors.InvalidForm) as caught:
        await world.send(*pieces)
    assert [violation.field for violation in caught.value.violations] == [field]
    world.assert_nothing_is_kept()


async def test_a_file_over_the_limit_is_refused_as_it_streams(world: World) -> None:
    read = 0

    async def endless() -> AsyncIterator[incoming.Piece]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 100

    with pytest.raises(errors.StatementTooLarge) as caught:
        await world.take(USER, endless())
    assert caught.value.metadata == {"limit_bytes": "1000"}
    assert read == 11
    world.assert_nothing_is_kept()


async def test_rows_that_cannot_be_taken_are_all_listed_and_nothing_is_kept(world: World) -> None:
    with pytest.raises(errors.InvalidRows) as caught:
        await world.send(b"clean bad clean bad")
    assert [violation.field for violation in caught.value.violations] == ["rows[2].amount", "rows[4].amount"]
    assert caught.value.metadata == {"problem_count": "2"}
    world.assert_nothing_is_kept()


async def test_a_hundred_problems_are_listed_and_all_are_counted(world: World) -> None:
    with pytest.raises(errors.InvalidRows) as caught:
        await world.send(b"bad " * 150)
    assert len(caught.value.violations) == 100
    assert caught.value.metadata == {"problem_count": "150"}


async def test_clean_rows_are_taken_where_the_form_accepts_part(world: World) -> None:
    receipt = await world.send(b"clean bad clean", domain.Form(accept_partial=True))
    assert (receipt.upload.record_count, receipt.upload.rejected_count) == (2, 1)


async def test_what_was_understood_is_told_and_kept(world: World) -> None:
    receipt = await world.send(b"clean bad", domain.Form(accept_partial=True))
    assert (receipt.understanding.transaction_count, receipt.understanding.problem_count) == (1, 1)
    assert await world.uploads.find_whole(USER, receipt.upload.id) == (receipt.upload, receipt.understanding)
    assert (await world.send(b"clean bad")).understanding == receipt.understanding


async def test_a_preview_tells_all_and_keeps_nothing(world: World) -> None:
    report = await world.preview(USER, stream(domain.Form(date_order="dmy"), b"clean bad ", b"open"))
    assert (report.understanding.transaction_count, report.rejected_count) == (1, 1)
    assert [problem.value for problem in report.understanding.problems] == ["bad"]
    assert [point.field for point in report.open_points] == ["date_order"]
    assert world.reader.forms == [domain.Form(date_order="dmy")]
    world.assert_nothing_is_kept()


async def test_a_preview_of_what_is_kept_leaves_it_as_it_is(world: World) -> None:
    receipt = await world.send(b"clean")
    await world.preview(USER, stream(b"clean"))
    assert {key[1] for key in world.statements.parts} == {receipt.upload.id}
    assert world.uploads.told == [receipt.upload.id]


@pytest.mark.parametrize(
    ("pieces", "refusal"),
    [
        ((b"unreadable",), errors.UnreadableStatement),
        ((b"x" * 2_000,), errors.StatementTooLarge),
        ((domain.Form(currency="EUR"),), errors.InvalidForm),
    ],
)
async def test_a_preview_refuses_what_cannot_be_read_at_all(
    world: World, pieces: tuple[incoming.Piece, ...], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await world.preview(USER, stream(*pieces))
    world.assert_nothing_is_kept()


async def test_reading_is_processing_so_a_preview_needs_consent(world: World) -> None:
    world.consents.withdrawn.add(USER)
    with pytest.raises(errors.ConsentMissing):
        await world.preview(USER, stream(b"clean"))
    assert world.reader.forms == []


async def test_the_rows_of_another_owner_are_a_sign_on_the_later_upload_only(world: World) -> None:
    first = await world.send(b"clean clean")
    world.clock.move(seconds=1)
    copied = await world.send(b"clean  clean", user_id="user_two")
    again = await world.send(b"clean   clean")
    assert copied.upload.signals == (domain.ROWS_OF_ANOTHER,)
    assert (first.upload.signals, again.upload.signals) == ((), ())
    assert (await world.send(b"clean", user_id="user_two")).upload.signals == ()


async def test_the_rows_of_another_owner_show_in_nothing_that_either_is_told(world: World) -> None:
    first = await world.send(b"clean clean")
    copied = await world.send(b"clean  clean", user_id="user_two")
    assert copied.understanding == first.understanding


async def test_the_rows_of_an_erased_owner_are_no_sign(world: World) -> None:
    await world.send(b"clean clean")
    await world.uploads.forget(USER, 10)
    assert (await world.send(b"clean  clean", user_id="user_two")).upload.signals == ()


async def test_part_of_nothing_is_not_accepted(world: World) -> None:
    with pytest.raises(errors.InvalidRows):
        await world.send(b"bad bad", domain.Form(accept_partial=True))
    world.assert_nothing_is_kept()


async def test_an_open_question_names_the_field_that_settles_it(world: World) -> None:
    with pytest.raises(errors.OpenQuestion) as caught:
        await world.send(b"clean open", domain.Form(accept_partial=True))
    (violation,) = caught.value.violations
    assert violation == mesh_errors.FieldViolation("date_order", "both orders fit; send one of: dmy mdy")
    world.assert_nothing_is_kept()


@pytest.mark.parametrize("content", [b"unreadable", b"neither"])
async def test_a_file_without_a_transaction_is_unreadable(world: World, content: bytes) -> None:
    with pytest.raises(errors.UnreadableStatement):
        await world.send(content)
    world.assert_nothing_is_kept()


async def test_the_same_bytes_are_the_same_upload(world: World) -> None:
    first = await world.send(b"clean ", b"clean")
    second = await world.send(b"clean clean", domain.Form(currency="EUR"))
    assert second.is_duplicate
    assert second.upload == first.upload
    assert world.uploads.told == [first.upload.id]
    assert {key[1] for key in world.statements.parts} == {first.upload.id}


async def test_the_same_bytes_of_two_users_are_two_uploads(world: World) -> None:
    first, second = await world.send(b"clean"), await world.send(b"clean", user_id="user_two")
    assert not second.is_duplicate
    assert first.upload.id != second.upload.id


async def test_the_same_bytes_at_the_same_time_are_one_upload(world: World) -> None:
    receipts = await asyncio.gather(*(world.send(b"clean") for _ in range(8)))
    assert len({receipt.upload.id for receipt in receipts}) == 1
    assert sum(not receipt.is_duplicate for receipt in receipts) == 1
    assert {key[1] for key in world.statements.parts} == {receipts[0].upload.id}


async def test_the_file_of_a_failed_upload_sent_again_is_queued_again(world: World) -> None:
    first = await world.send(b"clean")
    await world.uploads.save(first.upload.failed("Gone wrong.", is_excluded=True))
    second = await world.send(b"clean")
    assert (second.upload.id, second.upload.status) == (first.upload.id, domain.Status.PENDING)
    assert not second.upload.is_excluded
    assert world.uploads.told == [first.upload.id] * 2


async def test_an_upload_that_takes_too_long_is_ended_and_leaves_nothing() -> None:
    world = World(dataclasses.replace(BOUNDS, time_s=0.05))

    async def stalled() -> AsyncIterator[incoming.Piece]:
        yield b"clean"
        await asyncio.Event().wait()

    with pytest.raises(mesh_errors.DeadlineExceeded):
        await world.take(USER, stalled())
    world.assert_nothing_is_kept()


async def test_a_caller_that_goes_leaves_nothing(world: World) -> None:
    begun = asyncio.Event()

    async def stalled() -> AsyncIterator[incoming.Piece]:
        yield b"clean"
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(world.take(USER, stalled()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    world.assert_nothing_is_kept()


async def test_an_upload_of_an_account_that_is_erased_meanwhile_leaves_nothing(world: World) -> None:
    async def erased_in_between() -> AsyncIterator[incoming.Piece]:
        yield b"clean"
        await world.uploads.forget(USER, 10)

    with pytest.raises(errors.ConsentMissing):
        await world.take(USER, erased_in_between())
    world.assert_nothing_is_kept()


async def test_what_could_not_be_deleted_is_removed_once_it_is_abandoned(world: World) -> None:
    world.statements.trouble = mesh_errors.Unavailable()
    with pytest.raises(errors.InvalidRows):
        await world.send(b"bad")
    remove = sweeping.RemoveAbandoned(world.uploads, world.statements, world.clock, BOUNDS)
    world.statements.trouble = None
    await remove()
    assert world.statements.parts, "an upload that may still arrive keeps its place"
    world.clock.move(seconds=11)
    await remove()
    world.assert_nothing_is_kept()


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_size_and_digest_are_of_the_whole_file_however_it_is_cut(pieces: list[bytes]) -> None:
    async def digest(*parts: bytes) -> bytes:
        form = incoming.IncomingForm(stream(b"x", *parts), 1_000)
        assert b"".join([chunk async for chunk in form.chunks()]) == b"x" + b"".join(parts)
        return form.digest

    assert asyncio.run(digest(*pieces)) == asyncio.run(digest(b"".join(pieces)))
