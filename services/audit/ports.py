"""What the audit service needs from the world, in its own words."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from services.audit.domain.chain import End, Record
from services.audit.domain.records import Facts


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The sealed end of the trail as it stands, and the last batch, which may not be in its place yet.

    `version` is 0 for a trail that was never written. `start`: what the batch follows.
    """

    version: int
    start: End
    batch: tuple[Record, ...]
    end: End
    signature: str


@dataclasses.dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last record that was pruned: the chain is verified from here. `version` is 0 when nothing was."""

    version: int
    end: End
    signature: str


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """All that is not empty must match. `limit`: at most so many records."""

    actor_id: str = ""
    resource_id: str = ""
    correlation_id: str = ""
    limit: int = 100


class Trail(Protocol):
    """Where records lie. Nothing can be changed but the head and the checkpoint."""

    async def head(self) -> Head: ...

    async def move_head(self, head: Head) -> Head:
        """Replace the head that was at `head.version`, atomically with its batch. Raises TrailMoved."""
        ...

    async def place(self, records: Sequence[Record]) -> None:
        """Put sealed records in their place; those that are there stay as they are."""
        ...

    async def known(self, event_ids: Sequence[str]) -> Collection[str]:
        """Those of the events that have a record in its place."""
        ...

    async def page(self, after: int, up_to: int, limit: int) -> list[Record]:
        """Records in order, from the one after sequence `after` to `up_to`."""
        ...

    async def last_sequence(self) -> int:
        """The greatest sequence of any record in its place; 0 for none."""
        ...

    async def present(self, hashes: Collection[str]) -> list[str]:
        """Those of the hashes that some record in its place carries."""
        ...

    async def search(self, search: Search) -> list[Record]:
        """Newest first."""
        ...

    async def checkpoint(self) -> Checkpoint: ...

    async def move_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        """Replace the checkpoint that was at `checkpoint.version`. Raises TrailMoved."""
        ...

    async def remove(self, records: Sequence[Record]) -> None:
        """Remove records that a checkpoint stands for; harmless for those that are gone."""
        ...


class Signer(Protocol):
    """Signs with a key that nobody has who can only write to the store."""

    async def sign(self, purpose: str, text: str) -> str: ...


class Concealer(Protocol):
    """Hides where a call came from."""

    async def conceal(self, facts: Facts) -> Facts:
        """Address and user agent sealed under the actor's key, so that erasing the actor erases them.

        Under a keyed hash where the actor has no key: equal ones can be told, but not what they are.
        """
        ...


class Clock(Protocol):
    def now(self) -> datetime: ...
