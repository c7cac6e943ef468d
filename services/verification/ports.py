"""What the verification service needs from the world, in its own words."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from mesh import errors
from services.verification import domain


@dataclasses.dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept of keys, by prefix, and of tokens."""

    keys: Mapping[str, domain.KnownKey]
    standings: Mapping[str, domain.Standing]


class Memory(Protocol):
    """What is kept for a while so that others need not be asked. Never the only copy: what is absent is asked for."""

    async def recall(self, prefixes: Collection[str], tokens: Collection[str]) -> Remembered:
        """What is kept of these, in one round trip; nothing when the memory cannot be reached."""
        ...

    async def keep(self, standings: Mapping[str, domain.Standing]) -> list[str]:
        """Keep what tokens stand for where nothing is kept; the tokens of which it is kept now."""
        ...

    async def stop(self, tokens: Collection[str]) -> None:
        """Let nothing that is kept of these tokens be told any more."""
        ...


class Keys(Protocol):
    """Who shows an API key."""

    async def authenticate(self, texts: Sequence[str]) -> list[domain.Caller | errors.ServiceError]:
        """The institution behind each key, in order, or why there is none."""
        ...


class Credentials(Protocol):
    """What tokens stand for, at the source."""

    async def resolve(self, tokens: Sequence[str]) -> list[domain.Standing]:
        """One standing a token, in order. Asking about a share link is using it."""
        ...


class Institutions(Protocol):
    """Who institutions are."""

    async def find(self, institution_id: str) -> domain.Institution:
        """Name and standing of an institution."""
        ...


class Verifications(Protocol):
    """The record of what was answered."""

    async def record(self, answers: Sequence[domain.Answer]) -> None:
        """Write answers and tell of them, as one write; durable when it returns."""
        ...

    async def page(
        self, institution_id: str, *, test: bool, size: int, after: domain.Verification | None = None
    ) -> list[domain.Verification]:
        """What an institution verified, newest first, those after one."""
        ...

    async def find(self, institution_id: str, verification_id: str) -> domain.Verification | None:
        """A verification, if it is this institution's."""
        ...

    async def counts(self, institution_id: str, *, test: bool, since: datetime | None = None) -> domain.Counts:
        """How many there were, since then or ever."""
        ...
