"""What others are shown: the owner's list and status, the analysis service's rows."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence

from services.ingestion import domain, errors, ports
from services.ingestion.understanding import Signal, Understanding

PAGE_SIZE = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Uploads, newest first; `rest` is where the next page begins, None on the last."""

    uploads: list[domain.Upload]
    rest: ports.Place | None


class ListUploads:
    """Uploads of a user, page by page."""

    def __init__(self, uploads: ports.Uploads) -> None:
        self._uploads = uploads

    async def __call__(self, user_id: str, size: int, after: ports.Place | None) -> Page:
        size = size or PAGE_SIZE
        found = await self._uploads.page(user_id, size + 1, after)
        if len(found) <= size:
            return Page(found, None)
        last = found[size - 1]
        return Page(found[:size], ports.Place(last.created_at, last.id))


class ShowUpload:
    """One upload of a user, with what was understood of it."""

    def __init__(self, uploads: ports.Uploads) -> None:
        self._uploads = uploads

    async def __call__(self, user_id: str, upload_id: str) -> tuple[domain.Upload, Understanding]:
        whole = await self._uploads.find_whole(user_id, upload_id)
        if whole is None:
            raise errors.UploadNotFound
        return whole


class ListAccepted:
    """The uploads that go into an analysis, oldest first."""

    def __init__(self, uploads: ports.Uploads) -> None:
        self._uploads = uploads

    async def __call__(self, user_id: str) -> list[domain.Upload]:
        return await self._uploads.accepted(user_id, domain.ACCEPTED_LIMIT)


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Next bytes of an upload's canonical rows; its first piece carries what is known from beside the file."""

    upload_id: str
    rows: bytes
    signals: tuple[Signal, ...] = ()


class StreamRows:
    """Canonical rows of uploads, upload by upload."""

    def __init__(self, uploads: ports.Uploads, statements: ports.Statements) -> None:
        self._uploads = uploads
        self._statements = statements

    async def __call__(self, user_id: str, upload_ids: Sequence[str]) -> AsyncIterator[Piece]:
        """Raises UploadNotFound for one that is not the user's."""
        for upload_id in upload_ids:
            upload = await self._uploads.find(user_id, upload_id)
            if upload is None:
                raise errors.UploadNotFound
            signals = upload.signals
            async for chunk in self._statements.read(user_id, upload_id, ports.Part.ROWS):
                yield Piece(upload_id, chunk, signals)
                signals = ()
