"""The ingestion service's contract over its use cases."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
from credpass.ingestion.v1 import ingestion_service_pb2 as pb
from credpass.ingestion.v1 import ingestion_service_pb2_grpc

from mesh import errors
from mesh.rpc import context
from services.ingestion import domain, ports
from services.ingestion.usecases import incoming, showing, taking

_ROWS_BYTES = 256 * 1024


class IngestionServicer(ingestion_service_pb2_grpc.IngestionServiceServicer):
    def __init__(
        self,
        take: taking.TakeStatement,
        list_uploads: showing.ListUploads,
        show: showing.ShowUpload,
        list_accepted: showing.ListAccepted,
        stream_rows: showing.StreamRows,
    ) -> None:
        self._take = take
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

    async def ListUploads(self, request: pb.ListUploadsRequest, _: object) -> pb.ListUploadsResponse:  # noqa: N802
        page = await self._list_uploads(context.user().user_id, request.page_size, _place(request.page_token))
        return pb.ListUploadsResponse(
            uploads=[_upload(upload) for upload in page.uploads], next_page_token=_page_token(page.rest)
        )

    async def GetUploadStatus(  # noqa: N802
        self, request: pb.GetUploadStatusRequest, _: object
    ) -> pb.GetUploadStatusResponse:
        upload = await self._show(context.user().user_id, request.upload_id)
        return pb.GetUploadStatusResponse(upload=_upload(upload))

    async def ListAcceptedUploads(  # noqa: N802
        self, request: pb.ListAcceptedUploadsRequest, _: object
    ) -> pb.ListAcceptedUploadsResponse:
        return pb.ListAcceptedUploadsResponse(upload_ids=await self._list_accepted(request.user_id))

    async def StreamRows(  # noqa: N802
        self, request: pb.StreamRowsRequest, _: object
    ) -> AsyncIterator[pb.StreamRowsResponse]:
        async for upload_id, chunk in self._stream_rows(request.user_id, request.upload_ids):
            for start in range(0, len(chunk), _ROWS_BYTES):
                yield pb.StreamRowsResponse(upload_id=upload_id, rows=chunk[start : start + _ROWS_BYTES])


async def _pieces(messages: AsyncIterator[pb.UploadStatementRequest]) -> AsyncIterator[incoming.Piece]:
    async for message in messages:
        if message.WhichOneof("part") == "form":
            yield _form(message.form)
        else:
            yield message.chunk


def _form(form: pb.UploadForm) -> domain.Form:
    return domain.Form(**{field.name: value for field, value in form.ListFields()})


def _receipt(receipt: taking.Receipt) -> pb.UploadStatementResponse:
    upload = receipt.upload
    return pb.UploadStatementResponse(
        upload_id=upload.id,
        status=upload.status.value,
        record_count=upload.record_count,
        rejected_count=upload.rejected_count,
        first_date=upload.first_date,
        last_date=upload.last_date,
        currencies=upload.currencies,
        duplicate=receipt.is_duplicate,
    )


def _upload(upload: domain.Upload) -> pb.Upload:
    message = pb.Upload(
        upload_id=upload.id,
        data_type=upload.data_type,
        status=upload.status.value,
        record_count=upload.record_count,
        rejected_count=upload.rejected_count,
        first_date=upload.first_date,
        last_date=upload.last_date,
        currencies=upload.currencies,
        source_country=upload.source_country,
    )
    message.created_at.FromDatetime(upload.created_at)
    if upload.result is not None:
        message.result.outcome = upload.result.outcome
        message.result.messages.extend(upload.result.messages)
        message.result.analysis_id = upload.result.analysis_id
    return message


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
