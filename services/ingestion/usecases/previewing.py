"""PreviewStatement: what is understood of a file, none of which is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.ingestion import domain
from services.ingestion.usecases import incoming, receiving


class PreviewStatement:
    """Reads a file as an upload would, tells what came of it, and leaves nothing. Other uploads play no part in it."""

    def __init__(self, receive: receiving.Receive) -> None:
        self._receive = receive

    async def __call__(self, user_id: str, pieces: AsyncIterator[incoming.Piece]) -> domain.Report:
        async with (
            self._receive(user_id, pieces) as arrived,
            self._receive.read(arrived, wants_rows=False) as reading,
        ):
            return reading.report
