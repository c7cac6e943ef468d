"""The servicer's translation: forms, pages, statuses; and the settings it is built with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from credpass.analysis.v1 import analysis_events_pb2
from credpass.ingestion.v1 import error_reason_pb2
from credpass.ingestion.v1 import ingestion_service_pb2 as pb

from mesh import errors as mesh_errors
from mesh import settings as mesh_settings
from mesh.events import codec
from services.ingestion import consumers, domain, errors, rpc, settings
from services.ingestion.usecases import following, previewing, receiving, showing, taking
from tests.fakes import channels
from tests.fakes import ingestion as fakes
from tests.support import clocks, statement_path

USER = "user_one"
PATIENCE = domain.Patience(timedelta(minutes=2), tries=2)


class World:
    def __init__(self) -> None:
        self.uploads, self.statements, self.reader = fakes.FakeUploads(), fakes.FakeStatements(), fakes.FakeReader()
        self.clock = clocks.HandClock()
        bounds = receiving.Bounds(size_bytes=1_000_000, time_s=5.0, patience=PATIENCE)
        receive = receiving.Receive(
            fakes.FakeConsents(), self.uploads, self.statements, self.reader, self.clock, bounds
        )
        self.servicer = rpc.IngestionServicer(
            taking.TakeStatement(receive, self.uploads, self.statements, self.clock, PATIENCE),
            previewing.PreviewStatement(receive),
            showing.ListUploads(self.uploads),
            showing.ShowUpload(self.uploads),
            showing.ListAccepted(self.uploads),
            showing.StreamRows(self.uploads, self.statements),
        )

    async def upload(self, data: bytes, **form: object) -> pb.UploadStatementResponse:
        self.clock.move(seconds=1)
        with statement_path.calling(USER):
            return await self.servicer.UploadStatement(statement_path.messages(data, **form), None)

    async def page(self, size: int, token: str) -> pb.ListUploadsResponse:
        with statement_path.calling(USER):
            return await self.servicer.ListUploads(pb.ListUploadsRequest(page_size=size, page_token=token), None)

    async def status(self, upload_id: str) -> pb.Upload:
        with statement_path.calling(USER):
            request = pb.GetUploadStatusRequest(upload_id=upload_id)
            return (await self.servicer.GetUploadStatus(request, None)).upload


@pytest.fixture
def world() -> World:
    return World()


async def test_every_field_of_the_form_reaches_the_reader(world: World) -> None:
    fields = {
        "data_type": "transaction_history", "source_country": "DE", "accept_partial": False, "file_name": "a.csv",
        "date_order": "dmy", "decimal": ",", "currency": "EUR", "sign": "debit", "year": 2024,
    }  # fmt: skip
    await world.upload(b"clean", **fields)
    assert world.reader.forms == [domain.Form(**fields)]  # type: ignore[arg-type]


async def test_a_form_without_fields_has_none(world: World) -> None:
    await world.upload(b"clean")
    assert world.reader.forms == [domain.Form()]


async def test_a_field_set_to_its_default_counts_as_given(world: World) -> None:
    def twice() -> AsyncIterator[pb.UploadStatementRequest]:
        form = pb.UploadStatementRequest(form=pb.UploadForm(accept_partial=False))
        return channels.stream(form, pb.UploadStatementRequest(chunk=b"clean"), form)

    with statement_path.calling(USER), pytest.raises(errors.InvalidForm):
        await world.servicer.UploadStatement(twice(), None)


async def test_pages_are_walked_by_their_tokens(world: World) -> None:
    sent = [(await world.upload(b"clean " * number)).upload_id for number in range(1, 6)]
    seen, token = [], ""
    for _ in range(3):
        page = await world.page(2, token)
        seen += [upload.upload_id for upload in page.uploads]
        token = page.next_page_token
    assert (seen, token) == (sent[::-1], "")


@pytest.mark.parametrize("token", ["x", "bm9uZQ==", "W10=", "WzEsMiwzXQ==", "WyJhIiwiYiJd", "WzFlMzAwLCJhIl0=", "Ę"])
async def test_a_page_token_that_no_page_gave_is_refused(world: World, token: str) -> None:
    with pytest.raises(mesh_errors.InvalidArgument) as caught:
        await world.page(2, token)
    assert [violation.field for violation in caught.value.violations] == ["page_token"]


async def test_an_analysis_shows_in_the_status(world: World) -> None:
    receipt = await world.upload(b"clean bad", accept_partial=True)
    pending = await world.status(receipt.upload_id)
    assert (pending.status, pending.HasField("result"), pending.rejected_count) == ("pending", False, 1)
    done = analysis_events_pb2.AnalysisCompleted(
        user_id=USER, analysis_id="analysis_1", upload_ids=[receipt.upload_id], status="insufficient_data",
        missing=["transactions", "something_new"],
    )  # fmt: skip
    event = codec.event(done, aggregate_id="a", version=1, clock_now=clocks.START, correlation_id="c")
    await consumers.upload_status(following.RecordAnalysis(world.uploads)).handler(event)
    processed = await world.status(receipt.upload_id)
    assert (processed.status, processed.result.outcome) == ("processed", "insufficient_data")
    assert len(processed.result.messages) == 2
    assert processed.result.analysis_id == "analysis_1"


@pytest.mark.parametrize(("kind", "kept"), [("given", 1), ("withdrawn", 1), ("erased", 0)])
async def test_only_an_erased_account_loses_its_uploads(world: World, kind: str, kept: int) -> None:
    await world.upload(b"clean")
    subscription = consumers.accounts(following.EraseUser(world.uploads, world.statements))
    await subscription.handler(statement_path.account_event(kind, USER, 1))
    assert len((await world.page(10, "")).uploads) == kept
    assert len({key[1] for key in world.statements.parts}) == kept


def test_every_reason_of_the_contract_has_its_class() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    known = {reason for area, reason in mesh_errors.ServiceError.registry if area == errors.DOMAIN}
    assert known == reasons


def test_settings_are_read_and_checked() -> None:
    environ = {"CREDPASS_UPLOAD_LIMIT_BYTES": "1000", "CREDPASS_STUCK_AFTER": "5m", "CREDPASS_INGESTION_WORKERS": "3"}
    own = settings.Settings.load(environ)
    assert (own.upload_limit_bytes, own.stuck_after_s, own.workers) == (1000, 300.0, 3)
    assert settings.Settings.load({}).upload_limit_bytes == 25 * 1024 * 1024
    with pytest.raises(mesh_settings.SettingsError, match="CREDPASS_UPLOAD_LIMIT_BYTES"):
        settings.Settings.load({"CREDPASS_UPLOAD_LIMIT_BYTES": "none"})


async def test_anothers_rows_are_not_streamed(world: World) -> None:
    receipt = await world.upload(b"clean")
    request = pb.StreamRowsRequest(user_id="user_two", upload_ids=[receipt.upload_id])
    with pytest.raises(errors.UploadNotFound):
        await anext(world.servicer.StreamRows(request, None))
    mine = pb.StreamRowsRequest(user_id=USER, upload_ids=[receipt.upload_id])
    assert [piece.rows async for piece in world.servicer.StreamRows(mine, None)] == [b"row\n"]
