"""A form as it arrives: pieces of the file and fields beside it, in any order."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from services.ingestion import domain, errors

Piece = domain.Form | bytes


class IncomingForm:
    """Gives the file's bytes as they come, and knows the fields, the size and the digest once they have."""

    def __init__(self, pieces: AsyncIterator[Piece], limit_bytes: int) -> None:
        self._pieces = pieces
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._digest = hashlib.sha256()
        self.form = domain.Form()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file. Raises InvalidForm for fields that do not hold and for no file, StatementTooLarge."""
        async for piece in self._pieces:
            if isinstance(piece, domain.Form):
                self.form = self.form.joined(piece)
            elif piece:
                self._count(piece)
                yield piece
        if self._size_bytes == 0:
            raise errors.InvalidForm.in_field("file", "The form has no file, or an empty one.")

    def _count(self, piece: bytes) -> None:
        self._size_bytes += len(piece)
        if self._size_bytes > self._limit_bytes:
            raise errors.StatementTooLarge.over(self._limit_bytes)
        self._digest.update(piece)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file."""
        return self._digest.digest()
