"""The ingestion service's contract over its use cases."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

import orjson
from credpass.ingestion.v1 import ingestion_service_pb2 as pb
from credpass.ingestion.v1 import ingestion_service_pb2_grpc
from credpass.ingestion.v1 import understanding_pb2 as parts

from mesh import errors
from mesh.rpc import context
from services.ingestion import domain, ports
from services.ingestion.understanding import BalanceBreak, Layout, Reconciliation, RowProblem, Signal, Understanding
from services.ingestion.usecases import incoming, previewing, showing, taking

_ROWS_BYTES = 256 * 1024
_FORM_FIELDS = pb.UploadForm.DESCRIPTOR.fields_by_name


class IngestionServicer(ingestion_service_pb2_grpc.IngestionServiceServicer):
    def __init__(
        self,
        take: taking.TakeStatement,
        preview: previewing.PreviewStatement,
        list_uploads: showing.ListUploads,
        show: showing.ShowUpload,
        list_accepted: showing.ListAccepted,
        stream_rows: showing.StreamRows,
    ) -> None:
        self._take = take
        self._preview = preview
        self._list_uploads = list_uploads
        self._show = show
        self._list_accepted = list_accepted
        self._stream_rows = stream_rows

    async def UploadStatement(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadStatementRequest], _: object
    ) -> pb.UploadStatementResponse:
        receipt = await self._take(context.user().user_id, _pieces(request_iterator))
        context.annotate(resource_type="upload", resource_id=receipt.upload.id)
        return _receipt(receipt)

    async def PreviewStatement(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.PreviewStatementRequest], _: object
    ) -> pb.PreviewStatementResponse:
        return _preview(await self._preview(context.user().user_id, _pieces(request_iterator)))

    async def ListUploads(self, request: pb.ListUploadsRequest, _: object) -> pb.ListUploadsResponse:  # noqa: N802
        page = await self._list_uploads(context.user().user_id, request.page_size, _place(request.page_token))
        return pb.ListUploadsResponse(
            uploads=[_upload(upload) for upload in page.uploads], next_page_token=_page_token(page.rest)
        )

    async def GetUploadStatus(  # noqa: N802
        self, request: pb.GetUploadStatusRequest, _: object
    ) -> pb.GetUploadStatusResponse:
        upload, understanding = await self._show(context.user().user_id, request.upload_id)
        return pb.GetUploadStatusResponse(upload=_upload(upload, understanding))

    async def ListAcceptedUploads(  # noqa: N802
        self, request: pb.ListAcceptedUploadsRequest, _: object
    ) -> pb.ListAcceptedUploadsResponse:
        accepted = await self._list_accepted(request.user_id)
        return pb.ListAcceptedUploadsResponse(
            upload_ids=[upload.id for upload in accepted],
            source_country=accepted[-1].source_country if accepted else "",
        )

    async def StreamRows(  # noqa: N802
        self, request: pb.StreamRowsRequest, _: object
    ) -> AsyncIterator[pb.StreamRowsResponse]:
        async for piece in self._stream_rows(request.user_id, request.upload_ids):
            for start in range(0, len(piece.rows), _ROWS_BYTES):
                rows = piece.rows[start : start + _ROWS_BYTES]
                signals = [] if start else _signals(piece.signals)
                yield pb.StreamRowsResponse(upload_id=piece.upload_id, rows=rows, signals=signals)


async def _pieces(
    messages: AsyncIterator[pb.UploadStatementRequest] | AsyncIterator[pb.PreviewStatementRequest],
) -> AsyncIterator[incoming.Piece]:
    async for message in messages:
        if message.WhichOneof("part") == "form":
            yield _form(message.form)
        else:
            yield message.chunk


def _form(form: pb.UploadForm) -> domain.Form:
    return domain.Form(**{field.name: value for field, value in form.ListFields()})


def _receipt(taken: taking.Receipt) -> pb.UploadStatementResponse:
    accepted = taken.upload
    return pb.UploadStatementResponse(
        upload_id=accepted.id,
        status=accepted.status.value,
        record_count=accepted.record_count,
        rejected_count=accepted.rejected_count,
        first_date=accepted.first_date,
        last_date=accepted.last_date,
        currencies=accepted.currencies,
        duplicate=taken.is_duplicate,
        understanding=_understanding(taken.understanding),
    )


def _preview(report: domain.Report) -> pb.PreviewStatementResponse:
    return pb.PreviewStatementResponse(
        understanding=_understanding(report.understanding),
        rejected_count=report.rejected_count,
        questions=[_question(point) for point in report.open_points],
    )


def _upload(known: domain.Upload, understood: Understanding | None = None) -> pb.Upload:
    """An upload as its owner sees it; in a list without what was understood."""
    message = pb.Upload(
        upload_id=known.id,
        data_type=known.data_type,
        status=known.status.value,
        record_count=known.record_count,
        rejected_count=known.rejected_count,
        first_date=known.first_date,
        last_date=known.last_date,
        currencies=known.currencies,
        source_country=known.source_country,
        result=None if known.result is None else _result(known.result),
        understanding=None if understood is None else _understanding(understood),
    )
    message.created_at.FromDatetime(known.created_at)
    return message


def _understanding(understood: Understanding) -> parts.Understanding:
    return parts.Understanding(
        account_count=understood.account_count,
        transaction_count=understood.transaction_count,
        first_date=understood.first_date,
        last_date=understood.last_date,
        currencies=understood.currencies,
        sum_credits=understood.sum_credits,
        sum_debits=understood.sum_debits,
        layout=_layout(understood.layout),
        reconciliation=_reconciliation(understood.reconciliation),
        problems=[_problem(problem) for problem in understood.problems],
        problem_count=understood.problem_count,
        tamper=parts.Tamper(score=understood.tamper.score, signals=_signals(understood.tamper.signals)),
        notes=understood.notes,
    )


def _signals(found: Iterable[Signal]) -> list[parts.TamperSignal]:
    return [parts.TamperSignal(code=signal.code, weight=signal.weight, evidence=signal.evidence) for signal in found]


def _result(result: domain.Result) -> pb.ProcessingResult:
    return pb.ProcessingResult(outcome=result.outcome, messages=result.messages, analysis_id=result.analysis_id)


def _question(point: domain.OpenPoint) -> parts.OpenQuestion:
    field = _FORM_FIELDS[point.field].json_name
    return parts.OpenQuestion(field=field, candidates=point.candidates, why=point.why)


def _layout(layout: Layout) -> parts.Layout:
    return parts.Layout(
        format=layout.format,
        delimiter=layout.delimiter,
        encoding=layout.encoding,
        decimal=layout.decimal,
        date_format=layout.date_format,
        sign_convention=layout.sign_convention,
        confidence=layout.confidence,
    )


def _reconciliation(verdict: Reconciliation) -> parts.Reconciliation:
    return parts.Reconciliation(
        status=verdict.status,
        links_checked=verdict.links_checked,
        links_held=verdict.links_held,
        breaks=[_break(gap) for gap in verdict.breaks],
    )


def _break(gap: BalanceBreak) -> parts.BalanceBreak:
    return parts.BalanceBreak(
        row=gap.row, account=gap.account, currency=gap.currency, expected=gap.expected, found=gap.found
    )


def _problem(problem: RowProblem) -> parts.RowProblem:
    return parts.RowProblem(row=problem.row, column=problem.column, reason=problem.reason, value=problem.value)


def _page_token(place: ports.Place | None) -> str:
    if place is None:
        return ""
    return base64.urlsafe_b64encode(orjson.dumps([place.created_at.timestamp(), place.upload_id])).decode()


def _place(token: str) -> ports.Place | None:
    """The place that a page token names. Raises InvalidArgument for one that no page gave."""
    if not token:
        return None
    try:
        timestamp_s, upload_id = orjson.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        return ports.Place(datetime.fromtimestamp(timestamp_s, UTC), str(upload_id))
    except (ValueError, TypeError, OverflowError, OSError):
        violation = errors.FieldViolation("page_token", "Not a token of a page before.")
        raise errors.InvalidArgument(violations=(violation,)) from None
