"""Rotation: a new key-encryption key becomes current, and every data key is wrapped anew while the system runs.

What is sealed stays as it is: only the wrapping of data keys changes, one document after the other, each by a
compare-and-swap. Stopped anywhere, it goes on when it is run again, since each document says what wrapped it.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import AsyncIterator, Callable

from mesh.documents import port
from mesh.vault import facts, kek, subjects

_BATCH = 200
_AT_ONCE = 8
# A process may still have wrapped under the older key while a pass ran; the next one finds what it wrote.
_PASSES = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is, in data keys.

    `made`: a new key-encryption key became current; else an unfinished rotation went on. `rewrapped`: wrapped anew.
    `destroyed`: their subject was destroyed meanwhile. `left`: still under another key, because they open under none.
    """

    kek_id: str
    made: bool
    rewrapped: int = 0
    destroyed: int = 0
    left: int = 0


class _Outcome(enum.Enum):
    REWRAPPED = "rewrapped"
    DESTROYED = "destroyed"
    MOVED = "moved"
    BROKEN = "broken"


class Rotation:
    """One rotation over a vault's keys."""

    def __init__(
        self, documents: port.Documents, key_encryption_key: kek.KeyEncryptionKey, keys: subjects.SubjectKeys
    ) -> None:
        self._documents = documents
        self._kek = key_encryption_key
        self._keys = keys

    async def run(self, to: str, tell: Callable[[Progress], None]) -> Progress:
        """Rotate to a new key, or finish what was begun; `tell` hears of every batch.

        Raises:
            errors.Unavailable: a store or the key's keeper cannot be reached; run it again to go on.
            settings.SettingsError: `to` names no key that can be used, or none where one is needed.
        """
        progress = await self._begun(to)
        for _ in range(_PASSES):
            before = progress.rewrapped + progress.destroyed
            async for page in self._stale(progress.kek_id):
                progress = _added(progress, await self._rewrap_all(page))
                tell(progress)
            progress = dataclasses.replace(progress, left=await self._stale_count(progress.kek_id))
            if not progress.left or progress.rewrapped + progress.destroyed == before:
                return progress
        return progress

    async def _begun(self, to: str) -> Progress:
        current = await self._kek.current_id()
        if not to and await self._stale_count(current):
            return Progress(current, made=False)
        renewed = await self._kek.renew(to)
        return Progress(renewed, made=renewed != current)

    async def _stale(self, kek_id: str) -> AsyncIterator[list[port.Document]]:
        for query in _other_than(kek_id):
            page = await self._documents.find(subjects.COLLECTION.name, query)
            while page:
                yield page
                last = page[-1]
                following = dataclasses.replace(query, after=(last.data["kekId"], last.id))
                page = await self._documents.find(subjects.COLLECTION.name, following)

    async def _stale_count(self, kek_id: str) -> int:
        counts = [await self._documents.count(subjects.COLLECTION.name, query) for query in _other_than(kek_id)]
        return sum(counts)

    async def _rewrap_all(self, page: list[port.Document]) -> list[_Outcome]:
        destroyed = await self._keys.destroyed([document.id for document in page])
        outcomes: list[_Outcome] = []
        for start in range(0, len(page), _AT_ONCE):
            part = page[start : start + _AT_ONCE]
            outcomes += await subjects.at_once([self._rewrap(document, destroyed) for document in part])
        return outcomes

    async def _rewrap(self, document: port.Document, destroyed: frozenset[str]) -> _Outcome:
        if document.id in destroyed:
            # A destruction that was cut short between its tombstone and the key: it ends here.
            await self._keys.destroy(document.id)
            return _Outcome.DESTROYED
        try:
            wrapped = await self._kek.rewrap(document.id, subjects.wrapped_key(document))
        except facts.SealBroken:
            return _Outcome.BROKEN
        data = {**document.data, "kekId": wrapped.kek_id, "wrapped": wrapped.wrapped}
        try:
            await self._documents.update(subjects.COLLECTION.name, document, data)
        except port.VersionConflict:
            return _Outcome.MOVED
        return _Outcome.REWRAPPED


def _other_than(kek_id: str) -> tuple[port.Query, port.Query]:
    # Ids hold no blank, so nothing lies between an id and itself with one behind it.
    before = port.Query(range_field="kekId", at_least="", below=kek_id, order="kekId", limit=_BATCH)
    return before, dataclasses.replace(before, at_least=f"{kek_id} ", below=None)


def _added(progress: Progress, outcomes: list[_Outcome]) -> Progress:
    return dataclasses.replace(
        progress,
        rewrapped=progress.rewrapped + outcomes.count(_Outcome.REWRAPPED),
        destroyed=progress.destroyed + outcomes.count(_Outcome.DESTROYED),
    )
