"""Data keys of subjects, as documents: one with the wrapped key while the subject lives, a tombstone for ever after."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import secrets
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from mesh import clock, errors
from mesh.documents import port
from mesh.vault import facts, kek

# A rotation finds by `kekId` what is still under another key-encryption key.
COLLECTION = port.Collection("vault_keys", (port.Index(("kekId",)),))
SYSTEM_PREFIX = "system:"
_TOMBSTONE_PREFIX = "destroyed:"
_CACHE_SIZE = 4096
_ATTEMPTS = 5
# Two documents a subject, at most 1,000 documents a read.
_SUBJECTS_A_READ = 500

Result = TypeVar("Result")


class SubjectKeys:
    """Finds, makes and destroys data keys.

    The documents are read at each use, so that a key destroyed in any process is gone for all. A cache saves the
    unwrapping: it is keyed by the wrapped bytes and finds nothing without them.
    """

    def __init__(self, documents: port.Documents, key_encryption_key: kek.KeyEncryptionKey, time: clock.Clock) -> None:
        self._documents = documents
        self._kek = key_encryption_key
        self._clock = time
        self._unwrapped: collections.OrderedDict[tuple[str, str, object], bytes] = collections.OrderedDict()

    async def create(self, subject: str) -> None:
        """Make the subject's key exist. Raises SubjectDestroyed."""
        if await self._find(subject) is not None:
            return
        wrapped = await self._kek.wrap(subject, secrets.token_bytes(kek.KEY_BYTES))
        try:
            await self._documents.insert(COLLECTION.name, subject, self._document(wrapped))
        except port.DuplicateKey:
            return
        # A destruction may have come between: it found no key to delete, so this one must go.
        if await self._documents.get(COLLECTION.name, _TOMBSTONE_PREFIX + subject) is not None:
            await self._delete(subject)
            raise facts.SubjectDestroyed

    async def destroy(self, subject: str) -> None:
        """Tombstone first, then the key: wherever it stops, the subject is unreadable and can be destroyed again."""
        with contextlib.suppress(port.DuplicateKey):
            await self._documents.insert(
                COLLECTION.name, _TOMBSTONE_PREFIX + subject, {"destroyedAt": self._clock.now()}
            )
        await self._delete(subject)

    async def key(self, subject: str) -> bytes:
        """The data key. Raises SubjectUnknown, SubjectDestroyed."""
        found = await self._find(subject)
        if found is None:
            raise facts.SubjectUnknown
        return await self._unwrap(subject, found)

    async def keys(self, subjects: Sequence[str]) -> dict[str, bytes | errors.ServiceError]:
        """The data key of each subject, or why there is none."""
        distinct = list(dict.fromkeys(subjects))
        found: dict[str, port.Document] = {}
        for start in range(0, len(distinct), _SUBJECTS_A_READ):
            part = distinct[start : start + _SUBJECTS_A_READ]
            names = [*part, *(_TOMBSTONE_PREFIX + subject for subject in part)]
            found.update(await self._documents.get_many(COLLECTION.name, names))
        return dict(zip(distinct, await self._outcomes(distinct, found), strict=True))

    async def destroyed(self, subjects: Sequence[str]) -> frozenset[str]:
        """Those of at most 1,000 subjects that have a tombstone."""
        found = await self._documents.get_many(COLLECTION.name, [_TOMBSTONE_PREFIX + subject for subject in subjects])
        return frozenset(tombstone.removeprefix(_TOMBSTONE_PREFIX) for tombstone in found)

    def _document(self, key: kek.WrappedKey) -> port.Data:
        return {"kekId": key.kek_id, "wrapped": key.wrapped, "createdAt": self._clock.now()}

    async def _outcomes(
        self, subjects: Sequence[str], found: dict[str, port.Document]
    ) -> list[bytes | errors.ServiceError]:
        # Unwrapping may be a call to another machine: side by side for those whose key is not at hand.
        cold = [subject for subject in subjects if subject in found and _name(found[subject]) not in self._unwrapped]
        if len(cold) > 1:
            await at_once([self._outcome(subject, found) for subject in cold[:_CACHE_SIZE]])
        return [await self._outcome(subject, found) for subject in subjects]

    async def _outcome(self, subject: str, found: dict[str, port.Document]) -> bytes | errors.ServiceError:
        if _TOMBSTONE_PREFIX + subject in found:
            return facts.SubjectDestroyed()
        if subject not in found:
            return facts.SubjectUnknown()
        try:
            return await self._unwrap(subject, found[subject])
        except facts.SealBroken as broken:
            return broken

    async def _find(self, subject: str) -> port.Document | None:
        tombstone = _TOMBSTONE_PREFIX + subject
        found = await self._documents.get_many(COLLECTION.name, [subject, tombstone])
        if tombstone in found:
            raise facts.SubjectDestroyed
        return found.get(subject)

    async def _unwrap(self, subject: str, document: port.Document) -> bytes:
        name = _name(document)
        key = self._unwrapped.get(name)
        if key is None:
            key = await self._kek.unwrap(subject, wrapped_key(document))
            if len(self._unwrapped) >= _CACHE_SIZE:
                self._unwrapped.popitem(last=False)
            self._unwrapped[name] = key
        else:
            self._unwrapped.move_to_end(name)
        return key

    async def _delete(self, subject: str) -> None:
        for _ in range(_ATTEMPTS):
            document = await self._documents.get(COLLECTION.name, subject)
            if document is None:
                break
            try:
                await self._documents.delete(COLLECTION.name, document)
            except port.VersionConflict:
                continue
        else:
            raise errors.Conflict
        for name in [name for name in self._unwrapped if name[0] == subject]:
            del self._unwrapped[name]


async def at_once(calls: Sequence[Awaitable[Result]]) -> list[Result]:
    """The results of all. When one fails, the others still end before it is raised: none is left running."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    results: list[Result] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results


def wrapped_key(document: port.Document) -> kek.WrappedKey:
    """The wrapped key of a subject's document. Raises SealBroken when it holds none."""
    wrapped = document.data.get("wrapped")
    if not isinstance(wrapped, bytes):
        raise facts.SealBroken
    return kek.WrappedKey(str(document.data["kekId"]), wrapped)


def _name(document: port.Document) -> tuple[str, str, object]:
    return document.id, str(document.data.get("kekId")), document.data.get("wrapped")
