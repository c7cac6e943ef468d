"""What verification keeps, over `mesh.cache`."""

from __future__ import annotations

from collections.abc import Sequence

from mesh import cache


class CachedAnswers:
    """`ports.AnswersElsewhere`: a tombstone in place of an answer, so that no slower reader puts the old one back."""

    def __init__(self, store: cache.Cache) -> None:
        self._cache = store

    async def stop(self, token_hashes: Sequence[str]) -> None:
        await self._cache.bury(*(cache.verify_key_of_hash(token_hash) for token_hash in token_hashes))

    async def forget_score(self, user_id: str) -> None:
        await self._cache.delete(cache.score_key(user_id))
