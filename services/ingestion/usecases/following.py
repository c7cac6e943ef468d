"""What the service does when something happened elsewhere: an analysis is done, an account is erased."""

from __future__ import annotations

import mesh.errors
from services.ingestion import domain, ports

_ATTEMPTS = 5
_ERASED_AT_ONCE = 100
_ERASE_ROUNDS = 1_000


class RecordAnalysis:
    """Marks every upload that an analysis covers. Harmless when repeated; uploads that are gone stay gone."""

    def __init__(self, uploads: ports.Uploads) -> None:
        self._uploads = uploads

    async def __call__(self, user_id: str, upload_ids: list[str], result: domain.Result) -> None:
        for upload_id in upload_ids:
            await self._mark(user_id, upload_id, result)

    async def _mark(self, user_id: str, upload_id: str, result: domain.Result) -> None:
        for _ in range(_ATTEMPTS):
            upload = await self._uploads.find(user_id, upload_id)
            if upload is None or not result.supersedes(upload.result):
                return
            try:
                await self._uploads.save(upload.processed(result))
            except ports.UploadChanged:
                continue
            return
        raise mesh.errors.Conflict


class EraseUser:
    """Deletes every statement and record of a user, whose key is destroyed already. Harmless when repeated."""

    def __init__(self, uploads: ports.Uploads, statements: ports.Statements) -> None:
        self._uploads = uploads
        self._statements = statements

    async def __call__(self, user_id: str) -> None:
        await self._statements.discard_all(user_id)
        for _ in range(_ERASE_ROUNDS):
            if await self._uploads.forget(user_id, _ERASED_AT_ONCE) == 0:
                return
        raise mesh.errors.Conflict
