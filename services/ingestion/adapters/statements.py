"""Statements over `mesh.blobs` and `mesh.vault`: sealed as they stream, never in clear on a disk."""

from __future__ import annotations

from collections.abc import AsyncIterator

import mesh.errors
from mesh import blobs, vault
from services.ingestion import errors, ports

_VERSION = 1  # a part is written once
_ROUNDS = 1_000


class SealedStatements:
    """`ports.Statements`."""

    def __init__(self, store: blobs.Blobs, secrets: vault.Vault) -> None:
        self._blobs = store
        self._vault = secrets

    async def keep(self, user_id: str, upload_id: str, part: ports.Part, chunks: AsyncIterator[bytes]) -> None:
        sealed = self._vault.seal_stream(
            user_id, purpose=_purpose(part), object_id=upload_id, version=_VERSION, chunks=chunks
        )
        await self._blobs.put(_key(user_id, upload_id, part), sealed)

    async def read(self, user_id: str, upload_id: str, part: ports.Part) -> AsyncIterator[bytes]:
        sealed = self._blobs.get(_key(user_id, upload_id, part))
        opened = self._vault.open_stream(
            user_id, purpose=_purpose(part), object_id=upload_id, version=_VERSION, chunks=sealed
        )
        try:
            async for chunk in opened:
                yield chunk
        except (blobs.BlobMissing, vault.SubjectDestroyed, vault.SubjectUnknown) as error:
            raise errors.UploadNotFound from error

    async def discard(self, user_id: str, upload_id: str) -> None:
        for part in ports.Part:
            await self._blobs.delete(_key(user_id, upload_id, part))

    async def discard_all(self, user_id: str) -> None:
        for _ in range(_ROUNDS):
            keys = await self._blobs.list(f"uploads/{user_id}/")
            if not keys:
                return
            for key in keys:
                await self._blobs.delete(key)
        raise mesh.errors.Conflict


def _key(user_id: str, upload_id: str, part: ports.Part) -> str:
    return f"uploads/{user_id}/{upload_id}/{part}"


def _purpose(part: ports.Part) -> str:
    return f"upload.{part}"
