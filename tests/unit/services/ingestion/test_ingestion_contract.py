"""The servicer's translation: forms, pages, statuses; and the settings it is built with."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import get_args

import pytest
from credpass.analysis.v1 import analysis_events_pb2
from credpass.ingestion.v1 import error_reason_pb2, understanding_pb2
from credpass.ingestion.v1 import ingestion_service_pb2 as pb

from analysis.statement import model
from mesh import errors as mesh_errors
from mesh import logs
from mesh import settings as mesh_settings
from mesh.events import codec
from services.ingestion import consumers, domain, errors, ports, rpc, settings
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

    async def preview(self, data: bytes, **form: object) -> pb.PreviewStatementResponse:
        async def messages() -> AsyncIterator[pb.PreviewStatementRequest]:
            yield pb.PreviewStatementRequest(form=pb.UploadForm(**form))  # type: ignore[arg-type]
            yield pb.PreviewStatementRequest(chunk=data)

        with statement_path.calling(USER):
            return await self.servicer.PreviewStatement(messages(), None)

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


async def test_what_was_understood_is_told_by_upload_and_status_and_not_by_the_list(world: World) -> None:
    receipt = await world.upload(b"clean bad", accept_partial=True)
    understood = receipt.understanding
    assert (understood.transaction_count, understood.problem_count, list(understood.currencies)) == (1, 1, ["CZK"])
    (problem,) = understood.problems
    assert (problem.row, problem.column, problem.reason, problem.value) == (2, "Amount", "This is no amount.", "bad")
    assert (await world.status(receipt.upload_id)).understanding == understood
    (listed,) = (await world.page(10, "")).uploads
    assert not listed.HasField("understanding")


async def test_a_preview_names_the_fields_to_send_as_clients_know_them(world: World) -> None:
    preview = await world.preview(b"clean bad open", currency="EUR")
    assert (preview.understanding.transaction_count, preview.rejected_count) == (1, 1)
    (question,) = preview.questions
    assert (question.field, list(question.candidates), question.why) == ("dateOrder", ["dmy", "mdy"], "both orders fit")
    assert world.reader.forms == [domain.Form(currency="EUR")]
    assert world.uploads.is_empty


def test_every_field_that_a_question_may_name_is_in_the_form() -> None:
    kinds = get_args(model.QuestionKind)
    assert set(kinds) <= set(pb.UploadForm.DESCRIPTOR.fields_by_name)
    assert set(kinds) <= {field.name for field in dataclasses.fields(domain.Form)}
    assert set(kinds) == {field.name for field in dataclasses.fields(model.Hints)}


def test_nothing_of_a_statement_is_logged_when_a_message_is() -> None:
    secret = "CANARY"
    understood = understanding_pb2.Understanding(
        first_date=secret, last_date=secret, sum_credits={"EUR": secret}, sum_debits={"EUR": secret}, notes=[secret],
        problems=[understanding_pb2.RowProblem(column=secret, value=secret)],
        reconciliation=understanding_pb2.Reconciliation(
            breaks=[understanding_pb2.BalanceBreak(account=secret, expected=secret, found=secret)]
        ),
        tamper=understanding_pb2.Tamper(signals=[understanding_pb2.TamperSignal(evidence=secret)]),
        transaction_count=4711,
    )  # fmt: skip
    for message in (
        pb.UploadStatementResponse(understanding=understood),
        pb.PreviewStatementResponse(understanding=understood),
        pb.GetUploadStatusResponse(upload=pb.Upload(understanding=understood)),
    ):
        masked = str(logs.masked(message))
        assert "4711" in masked
        assert secret not in masked


async def test_signs_from_beside_the_file_go_with_its_first_rows_only(world: World) -> None:
    await world.upload(b"clean clean")
    with statement_path.calling("user_two"):
        world.clock.move(seconds=1)
        copied = await world.servicer.UploadStatement(statement_path.messages(b"clean  clean"), None)
    request = pb.StreamRowsRequest(user_id="user_two", upload_ids=[copied.upload_id])
    world.statements.parts["user_two", copied.upload_id, ports.Part.ROWS] = b"row\n" * 500
    pieces = [piece async for piece in world.servicer.StreamRows(request, None)]
    assert [[(signal.code, signal.weight) for signal in piece.signals] for piece in pieces] == [
        [("rows_of_another_owner", 0.3)],
        [],
    ]
    assert "another" not in str(copied)


async def test_the_country_of_the_latest_accepted_upload_is_told(world: World) -> None:
    asked = pb.ListAcceptedUploadsRequest(user_id=USER)
    assert (await world.servicer.ListAcceptedUploads(asked, None)).source_country == ""
    for country in ("AT", "DE"):
        receipt = await world.upload(country.encode() + b" clean", source_country=country)
    answer = await world.servicer.ListAcceptedUploads(asked, None)
    assert (answer.upload_ids[-1], answer.source_country) == (receipt.upload_id, "DE")


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
