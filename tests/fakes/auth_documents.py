"""Documents that note what is asked of them, or fail when told to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mesh import errors
from mesh.documents import port

_WRITES = {"insert", "update", "delete", "insert_many"}


class WatchedDocuments:
    """`mesh.documents.port.Documents` over another.

    `work` lists (operation, collection) in order; a write is named `write`, since each costs the same trip to the disk.
    `failing` names collections whose writes are refused. `crossing` is done once, before the next write to its
    collection: what another process does at that moment.
    """

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents
        self.work: list[tuple[str, str]] = []
        self.failing: set[str] = set()
        self.crossing: dict[str, Callable[[], Awaitable[Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._documents, name)
        if name not in _WRITES | {"get", "get_many", "find"}:
            return method

        async def watched(collection: str, *arguments: Any) -> Any:
            if name in _WRITES and collection in self.failing:
                raise errors.Unavailable
            if name in _WRITES and collection in self.crossing:
                await self.crossing.pop(collection)()
            result = await method(collection, *arguments)
            self.work.append(("write" if name in _WRITES else name, collection))
            return result

        return watched

    def writes(self) -> int:
        return sum(1 for operation, _ in self.work if operation == "write")
