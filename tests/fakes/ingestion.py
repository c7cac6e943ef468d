"""Fakes of the ingestion service's ports, all in memory. `Uploads` and `Statements` keep the same promises as the real
adapters: `tests/unit/services/ingestion/test_upload_record.py` and `test_kept_statements.py` run on both.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import datetime

from mesh import errors as mesh_errors
from mesh import ids
from services.ingestion import domain, errors, ports
from services.ingestion.understanding import LISTED, RowProblem, Understanding


class FakeConsents:
    """Everybody consents, from CZ, until told otherwise."""

    def __init__(self) -> None:
        self.withdrawn: set[str] = set()

    async def check(self, user_id: str) -> domain.Consent:
        if user_id in self.withdrawn:
            return domain.Consent(allowed=False, country="")
        return domain.Consent(allowed=True, country="CZ")


class FakeAnalyses:
    """Remembers for whom an analysis was asked."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.trouble: mesh_errors.ServiceError | None = None

    async def request(self, user_id: str, cause: str) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.requested.append(user_id)


class FakeUploads:
    """`ports.Uploads`; `told` are the ids of uploads that an event went out for."""

    def __init__(self) -> None:
        self._reservations: dict[str, domain.Reservation] = {}
        self._uploads: dict[str, domain.Upload] = {}
        self._digests: dict[tuple[str, bytes], str] = {}
        self._contents: dict[str, domain.Contents] = {}
        self.told: list[str] = []

    @property
    def is_empty(self) -> bool:
        return not self._reservations and not self._uploads

    async def reserve(self, user_id: str, now: datetime) -> domain.Reservation:
        reservation = domain.Reservation(ids.new_id("upload"), user_id, 1, now)
        self._reservations[reservation.upload_id] = reservation
        return reservation

    async def release(self, reservation: domain.Reservation) -> None:
        self._reservations.pop(reservation.upload_id, None)

    async def abandoned(self, begun_before: datetime, limit: int) -> list[domain.Reservation]:
        return [found for found in self._reservations.values() if found.begun_at < begun_before][:limit]

    async def accept(
        self, reservation: domain.Reservation, upload: domain.Upload, contents: domain.Contents
    ) -> domain.Upload:
        if reservation.upload_id not in self._reservations:
            raise ports.UploadChanged
        if (upload.user_id, contents.file_digest) in self._digests:
            raise ports.SameBytesKept
        del self._reservations[reservation.upload_id]
        self._digests[upload.user_id, contents.file_digest] = upload.id
        self._contents[upload.id] = contents
        self.told.append(upload.id)
        return self._put(upload, reservation.version)

    async def find_same(self, user_id: str, digest: bytes) -> domain.Upload | None:
        return self._uploads.get(self._digests.get((user_id, digest), ""))

    async def find(self, user_id: str, upload_id: str) -> domain.Upload | None:
        upload = self._uploads.get(upload_id)
        return upload if upload is not None and upload.user_id == user_id else None

    async def first_owner(self, rows_digest: bytes) -> str | None:
        same = [upload for upload in self._uploads.values() if self._contents[upload.id].rows_digest == rows_digest]
        first = min(same, key=lambda upload: (upload.created_at, upload.id), default=None)
        return None if first is None else first.user_id

    async def find_whole(self, user_id: str, upload_id: str) -> tuple[domain.Upload, Understanding] | None:
        upload = await self.find(user_id, upload_id)
        return None if upload is None else (upload, self._contents[upload.id].understanding)

    async def page(self, user_id: str, size: int, after: ports.Place | None) -> list[domain.Upload]:
        mine = sorted(
            (upload for upload in self._uploads.values() if upload.user_id == user_id),
            key=lambda upload: (upload.created_at, upload.id),
            reverse=True,
        )
        if after is not None:
            mine = [upload for upload in mine if (upload.created_at, upload.id) < (after.created_at, after.upload_id)]
        return mine[:size]

    async def accepted(self, user_id: str, limit: int) -> list[domain.Upload]:
        mine = await self.page(user_id, len(self._uploads), None)
        return [upload for upload in mine if not upload.is_excluded][:limit][::-1]

    async def stuck(self, due_before: datetime, limit: int) -> list[domain.Upload]:
        pending = (upload for upload in self._uploads.values() if upload.status is domain.Status.PENDING)
        overdue = (upload for upload in pending if upload.due_at < due_before)
        return sorted(overdue, key=lambda upload: upload.due_at)[:limit]

    async def save(self, upload: domain.Upload) -> domain.Upload:
        known = self._uploads.get(upload.id)
        if known is None or known.version != upload.version:
            raise ports.UploadChanged
        return self._put(upload, known.version)

    async def queue_again(self, upload: domain.Upload) -> domain.Upload:
        saved = await self.save(upload)
        self.told.append(upload.id)
        return saved

    async def forget(self, user_id: str, limit: int) -> int:
        uploads = [upload.id for upload in self._uploads.values() if upload.user_id == user_id]
        reserved = [found.upload_id for found in self._reservations.values() if found.user_id == user_id]
        for upload_id in [*uploads, *reserved][:limit]:
            self._uploads.pop(upload_id, None)
            self._reservations.pop(upload_id, None)
        self._digests = {key: kept for key, kept in self._digests.items() if kept in self._uploads}
        return len([*uploads, *reserved][:limit])

    def _put(self, upload: domain.Upload, version: int) -> domain.Upload:
        self._uploads[upload.id] = dataclasses.replace(upload, version=version + 1)
        return self._uploads[upload.id]


class FakeStatements:
    """`ports.Statements` in clear. With `trouble` set, nothing can be deleted."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str, ports.Part], bytes] = {}
        self.trouble: mesh_errors.ServiceError | None = None

    async def keep(self, user_id: str, upload_id: str, part: ports.Part, chunks: AsyncIterator[bytes]) -> None:
        self.parts[user_id, upload_id, part] = b"".join([chunk async for chunk in chunks])

    async def read(self, user_id: str, upload_id: str, part: ports.Part) -> AsyncIterator[bytes]:
        if (user_id, upload_id, part) not in self.parts:
            raise errors.UploadNotFound
        kept = self.parts[user_id, upload_id, part]
        for start in range(0, len(kept), 1000):
            yield kept[start : start + 1000]

    async def discard(self, user_id: str, upload_id: str) -> None:
        if self.trouble is not None:
            raise self.trouble
        for part in ports.Part:
            self.parts.pop((user_id, upload_id, part), None)

    async def discard_all(self, user_id: str) -> None:
        self.parts = {key: kept for key, kept in self.parts.items() if key[0] != user_id}


class FakeReader:
    """Reads files of its own format: words `clean`, `bad`, `open`, one a row; `unreadable` refuses the file.

    Rows that hold the same words are the same rows, whatever is between them.
    """

    def __init__(self) -> None:
        self.forms: list[domain.Form] = []

    @contextlib.asynccontextmanager
    async def read(self, source: ports.Source, form: domain.Form, *, wants_rows: bool) -> AsyncIterator[ports.Reading]:
        self.forms.append(form)
        words = b"".join([chunk async for chunk in source()]).decode().split()
        if "unreadable" in words:
            raise errors.UnreadableStatement
        yield ports.Reading(_report(words), _rows(words if wants_rows else []))


def _report(words: list[str]) -> domain.Report:
    bad = [row for row, word in enumerate(words, start=1) if word == "bad"]
    understanding = Understanding(
        account_count=1,
        transaction_count=words.count("clean"),
        first_date="2025-01-01",
        last_date="2025-12-31",
        currencies=("CZK",),
        problems=tuple(RowProblem(row, "Amount", "This is no amount.", "bad") for row in bad)[:LISTED],
        problem_count=len(bad),
    )
    return domain.Report(
        understanding,
        rejected_count=len(bad),
        open_points=(domain.OpenPoint("date_order", ("dmy", "mdy"), "both orders fit"),) if "open" in words else (),
        rows_digest=" ".join(words).encode() if "clean" in words else b"",
    )


async def _rows(words: list[str]) -> AsyncIterator[bytes]:
    for word in words:
        if word == "clean":
            yield b"row\n"
