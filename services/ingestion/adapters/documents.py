"""The record of uploads over `mesh.documents`: a reservation and the upload that it becomes are one document."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from credpass.ingestion.v1 import ingestion_events_pb2

import mesh.errors
from mesh import clock, ids, vault
from mesh.documents import port
from mesh.events import codec
from mesh.events.port import Event
from mesh.rpc import context
from services.ingestion import domain, ports
from services.ingestion.adapters import understood
from services.ingestion.understanding import Signal, Understanding

UPLOADS = port.Collection(
    "uploads",
    (
        port.Index(("userId", "isListed", "createdAt")),
        port.Index(("userId", "isIncluded", "createdAt")),
        port.Index(("digestKey",), unique=True),
        port.Index(("rowsKey", "createdAt")),
        port.Index(("status", "dueAt")),
    ),
)
_RECEIVING = "receiving"
_SUMMARY = "upload.summary"
_UNDERSTANDING = "upload.understanding"
_SEAL_VERSION = 1  # of both: each is sealed once, with its upload
_FIRST_OWNERS = 10  # of the same rows, looked through for one whose account is still there


class DocumentUploads:
    """`ports.Uploads`. What was read of a statement (dates, currencies) is sealed under the owner's key."""

    def __init__(self, documents: port.Documents, secrets: vault.Vault, time: clock.Clock) -> None:
        self._documents = documents
        self._vault = secrets
        self._clock = time

    async def reserve(self, user_id: str, now: datetime) -> domain.Reservation:
        upload_id = ids.new_id("upload")
        data: port.Data = {"userId": user_id, "status": _RECEIVING, "createdAt": now, "dueAt": now}
        document = await self._documents.insert(UPLOADS.name, upload_id, data)
        return domain.Reservation(upload_id, user_id, document.version, now)

    async def release(self, reservation: domain.Reservation) -> None:
        document = port.Document(reservation.upload_id, reservation.version, {})
        with contextlib.suppress(port.VersionConflict):
            await self._documents.delete(UPLOADS.name, document)

    async def abandoned(self, begun_before: datetime, limit: int) -> list[domain.Reservation]:
        query = port.Query({"status": _RECEIVING}, range_field="dueAt", below=begun_before, order="dueAt", limit=limit)
        found = await self._documents.find(UPLOADS.name, query)
        return [_reservation(document) for document in found]

    async def accept(
        self, reservation: domain.Reservation, upload: domain.Upload, contents: domain.Contents
    ) -> domain.Upload:
        data = {
            **_data(upload),
            "digestKey": await self._digest_key(upload.user_id, contents.file_digest),
            "rowsKey": await self._rows_key(contents.rows_digest) if contents.rows_digest else None,
            "summary": await self._seal(upload, _SUMMARY, _summary(upload)),
            "understanding": await self._seal(upload, _UNDERSTANDING, understood.fields_of(contents.understanding)),
        }
        document = port.Document(reservation.upload_id, reservation.version, {})
        return await self._write(document, upload, data, self._ingested(upload, reservation.version + 1))

    async def find_same(self, user_id: str, digest: bytes) -> domain.Upload | None:
        query = port.Query({"digestKey": await self._digest_key(user_id, digest)}, limit=1)
        return _first(await self._opened(await self._documents.find(UPLOADS.name, query)))

    async def first_owner(self, rows_digest: bytes) -> str | None:
        query = port.Query({"rowsKey": await self._rows_key(rows_digest)}, order="createdAt", limit=_FIRST_OWNERS)
        first = _first(await self._opened(await self._documents.find(UPLOADS.name, query)))
        return None if first is None else first.user_id

    async def find(self, user_id: str, upload_id: str) -> domain.Upload | None:
        document = await self._accepted(user_id, upload_id)
        return None if document is None else _first(await self._opened([document]))

    async def find_whole(self, user_id: str, upload_id: str) -> tuple[domain.Upload, Understanding] | None:
        document = await self._accepted(user_id, upload_id)
        if document is None:
            return None
        parts = [_sealed(document, _SUMMARY, "summary"), _sealed(document, _UNDERSTANDING, "understanding")]
        summary, understanding = [_unless_gone(opened) for opened in await self._vault.open_many(parts)]
        if summary is None or understanding is None:
            return None
        return _upload(document, orjson.loads(summary)), understood.of_fields(orjson.loads(understanding))

    async def page(self, user_id: str, size: int, after: ports.Place | None) -> list[domain.Upload]:
        query = port.Query(
            {"userId": user_id, "isListed": True},
            order="createdAt",
            descending=True,
            after=None if after is None else (after.created_at, after.upload_id),
            limit=size,
        )
        return await self._opened(await self._documents.find(UPLOADS.name, query))

    async def accepted(self, user_id: str, limit: int) -> list[domain.Upload]:
        equals: port.Data = {"userId": user_id, "isIncluded": True}
        query = port.Query(equals, order="createdAt", descending=True, limit=limit)
        newest_first = await self._opened(await self._documents.find(UPLOADS.name, query))
        return newest_first[::-1]

    async def stuck(self, due_before: datetime, limit: int) -> list[domain.Upload]:
        pending = {"status": domain.Status.PENDING.value}
        query = port.Query(pending, range_field="dueAt", below=due_before, order="dueAt", limit=limit)
        return await self._opened(await self._documents.find(UPLOADS.name, query))

    async def save(self, upload: domain.Upload) -> domain.Upload:
        return await self._rewrite(upload)

    async def queue_again(self, upload: domain.Upload) -> domain.Upload:
        return await self._rewrite(upload, self._ingested(upload, upload.version + 1))

    async def forget(self, user_id: str, limit: int) -> int:
        found = await self._documents.find(UPLOADS.name, port.Query({"userId": user_id}, limit=limit))
        for document in found:
            with contextlib.suppress(port.VersionConflict):
                await self._documents.delete(UPLOADS.name, document)
        return len(found)

    async def _accepted(self, user_id: str, upload_id: str) -> port.Document | None:
        document = await self._documents.get(UPLOADS.name, upload_id)
        if document is None or document.data["userId"] != user_id or document.data["status"] == _RECEIVING:
            return None
        return document

    async def _rewrite(self, upload: domain.Upload, *events: Event) -> domain.Upload:
        document = await self._documents.get(UPLOADS.name, upload.id)
        if document is None or document.version != upload.version:
            raise ports.UploadChanged
        return await self._write(document, upload, {**document.data, **_data(upload)}, *events)

    async def _write(
        self, document: port.Document, upload: domain.Upload, data: port.Data, *events: Event
    ) -> domain.Upload:
        try:
            written = await self._documents.update(UPLOADS.name, document, data, *events)
        except port.DuplicateKey as error:
            raise ports.SameBytesKept from error
        except port.VersionConflict as error:
            raise ports.UploadChanged from error
        return dataclasses.replace(upload, version=written.version)

    def _ingested(self, upload: domain.Upload, version: int) -> Event:
        message = ingestion_events_pb2.DataIngested(
            user_id=upload.user_id,
            upload_id=upload.id,
            data_type=upload.data_type,
            record_count=upload.record_count,
            source_country=upload.source_country,
        )
        return codec.event(
            message,
            aggregate_id=upload.id,
            version=version,
            clock_now=self._clock.now(),
            correlation_id=context.correlation_id(),
        )

    async def _digest_key(self, user_id: str, digest: bytes) -> str:
        return await self._vault.mac("upload.digest", f"{user_id}:{digest.hex()}")

    async def _rows_key(self, rows_digest: bytes) -> str:
        """The same for every user, and nothing to whoever does not have the vault's key."""
        return await self._vault.mac("upload.rows", rows_digest.hex())

    async def _seal(self, upload: domain.Upload, purpose: str, content: dict[str, Any]) -> bytes:
        return await self._vault.seal(
            upload.user_id,
            purpose=purpose,
            object_id=upload.id,
            version=_SEAL_VERSION,
            plaintext=orjson.dumps(content),
        )

    async def _opened(self, documents: Sequence[port.Document]) -> list[domain.Upload]:
        """The uploads in documents; those whose owner's key is destroyed are as good as deleted."""
        opened = await self._vault.open_many([_sealed(document, _SUMMARY, "summary") for document in documents])
        return [
            _upload(document, orjson.loads(summary))
            for document, summary in zip(documents, map(_unless_gone, opened), strict=True)
            if summary is not None
        ]


def _unless_gone(opened: bytes | mesh.errors.ServiceError) -> bytes | None:
    """What was sealed; None when its owner's key is destroyed. Raises whatever else was wrong."""
    if isinstance(opened, bytes):
        return opened
    if isinstance(opened, vault.SubjectDestroyed | vault.SubjectUnknown):
        return None
    raise opened


def _first(uploads: list[domain.Upload]) -> domain.Upload | None:
    return uploads[0] if uploads else None


def _sealed(document: port.Document, purpose: str, field: str) -> vault.Sealed:
    data: Any = document.data
    return vault.Sealed(data["userId"], purpose, document.id, _SEAL_VERSION, data[field])


def _summary(upload: domain.Upload) -> dict[str, Any]:
    """What every look at an upload needs; what was understood is large, and opened for its owner only."""
    return {
        "first": upload.first_date,
        "last": upload.last_date,
        "currencies": upload.currencies,
        "signals": [dataclasses.asdict(signal) for signal in upload.signals],
    }


def _reservation(document: port.Document) -> domain.Reservation:
    data: Any = document.data
    return domain.Reservation(document.id, data["userId"], document.version, data["createdAt"])


def _data(upload: domain.Upload) -> dict[str, port.Value]:
    """All but what is sealed or looked up by."""
    is_pending = upload.status is domain.Status.PENDING
    return {
        "userId": upload.user_id,
        "status": upload.status.value,
        "isListed": True,
        "isIncluded": not upload.is_excluded,
        "createdAt": upload.created_at,
        "dueAt": upload.due_at if is_pending else None,
        "tries": upload.tries,
        "dataType": upload.data_type,
        "sourceCountry": upload.source_country,
        "recordCount": upload.record_count,
        "rejectedCount": upload.rejected_count,
        "result": None if upload.result is None else _result_data(upload.result),
    }


def _result_data(result: domain.Result) -> port.Data:
    return {
        "outcome": result.outcome,
        "messages": list(result.messages),
        "analysisId": result.analysis_id,
        "completedAt": result.completed_at,
    }


def _result(data: Any) -> domain.Result | None:
    if data is None:
        return None
    return domain.Result(data["outcome"], tuple(data["messages"]), data["analysisId"], data["completedAt"])


def _upload(document: port.Document, summary: dict[str, Any]) -> domain.Upload:
    data: Any = document.data
    return domain.Upload(
        id=document.id,
        user_id=data["userId"],
        version=document.version,
        data_type=data["dataType"],
        source_country=data["sourceCountry"],
        record_count=data["recordCount"],
        rejected_count=data["rejectedCount"],
        first_date=summary["first"],
        last_date=summary["last"],
        currencies=tuple(summary["currencies"]),
        created_at=data["createdAt"],
        due_at=data["dueAt"] or data["createdAt"],
        status=domain.Status(data["status"]),
        tries=data["tries"],
        is_excluded=not data["isIncluded"],
        result=_result(data["result"]),
        signals=tuple(Signal(**signal) for signal in summary["signals"]),
    )
