"""Which key-encryption key took another's place, as one document.

Processes whose URL names the old key follow at once; one whose URL names the new key follows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from mesh import errors
from mesh.documents import port
from mesh.vault import facts, subjects

_DOCUMENT = f"{subjects.SYSTEM_PREFIX}successors"
_STEPS = 1000
_ATTEMPTS = 5


class Successors:
    """Chains of keys: `a` was replaced by `b`, `b` by `c`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def of(self, key: str) -> str:
        """The key at the end of the chain; the key itself when nothing replaced it."""
        return _last(key, _chain(await self._documents.get(subjects.COLLECTION.name, _DOCUMENT)))

    async def put(self, key: str, new: str) -> None:
        """Let `new` be what every process on `key`'s chain wraps with from now on."""
        for _ in range(_ATTEMPTS):
            document = await self._documents.get(subjects.COLLECTION.name, _DOCUMENT)
            if await self._written(document, _linked(_chain(document), key, new)):
                return
        raise errors.Conflict

    async def _written(self, document: port.Document | None, chain: dict[str, str]) -> bool:
        data = {"pairs": [[old, new] for old, new in chain.items()]}
        try:
            if document is None:
                await self._documents.insert(subjects.COLLECTION.name, _DOCUMENT, data)
            else:
                await self._documents.update(subjects.COLLECTION.name, document, data)
        except (port.DuplicateKey, port.VersionConflict):
            return False
        return True


def _chain(document: port.Document | None) -> dict[str, str]:
    if document is None:
        return {}
    pairs: Sequence[Sequence[str]] = document.data["pairs"]
    return {str(old): str(new) for old, new in pairs}


def _linked(chain: dict[str, str], key: str, new: str) -> dict[str, str]:
    # A key that comes back begins a chain's end again: without its old link there is no circle.
    last = _last(key, chain)
    kept = {old: successor for old, successor in chain.items() if old != new}
    return kept if last == new else {**kept, last: new}


def _last(key: str, chain: dict[str, str]) -> str:
    for _ in range(_STEPS):
        if key not in chain:
            return key
        key = chain[key]
    raise facts.SealBroken
