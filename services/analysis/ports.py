"""What the analysis service needs from the world, in its own words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import date, datetime
from typing import Protocol, TypeAlias

from services.analysis import domain

# Canonical rows, upload by upload. Whoever takes them closes them.
Rows: TypeAlias = AsyncGenerator[domain.Piece, None]


class Consents(Protocol):
    """Where consent to data processing stands."""

    async def check(self, user_id: str) -> domain.Consent:
        """Consent of a user as it is now."""
        ...


class Statements(Protocol):
    """Where accepted statements are."""

    async def accepted(self, user_id: str) -> domain.Accepted:
        """The uploads that go into an analysis."""
        ...

    def rows(self, user_id: str, upload_ids: Sequence[str]) -> Rows:
        """Canonical rows of uploads, in the order asked for."""
        ...


class Engine(Protocol):
    """What turns rows into a score, apart from this process."""

    async def analyse(self, rows: Rows, today: date) -> domain.Findings:
        """Findings over all rows. Raises Unanalysable when trying again cannot help."""
        ...


class AlreadyAnalysed(Exception):
    """The analysis with this id exists."""


class OwnerErased(Exception):
    """The key of the analysis's owner is destroyed: nothing of theirs is kept."""


class Analyses(Protocol):
    """The record of analyses, sealed under their owner's key."""

    async def add(self, analysis: domain.Analysis) -> None:
        """Keep an analysis and tell of it, in one write. Raises AlreadyAnalysed, OwnerErased."""
        ...

    async def tell_again(self, analysis: domain.Analysis, asked_at: datetime) -> None:
        """Tell once more of an analysis, unless it was told of since that was asked; harmless when it is gone."""
        ...

    async def find(self, user_id: str, analysis_id: str) -> domain.Analysis | None:
        """An analysis, if it is this user's."""
        ...

    async def latest(self, user_id: str) -> domain.Analysis | None:
        """The user's newest analysis."""
        ...

    async def forget(self, user_id: str, limit: int) -> int:
        """Delete up to `limit` analyses of a user; how many there were."""
        ...


class Withdrawals(Protocol):
    """The latest withdrawal of consent of each user that ever withdrew."""

    async def latest(self, user_id: str) -> domain.Withdrawal | None:
        """None for a user that never withdrew."""
        ...

    async def note(self, user_id: str, withdrawal: domain.Withdrawal) -> None:
        """Keep it unless a later one is known."""
        ...

    async def forget(self, user_id: str) -> None:
        """Delete what is known of a user."""
        ...


class Requests(Protocol):
    """Where analyses are queued."""

    async def queue(self, user_id: str, cause: str) -> None:
        """Queue an analysis of a user; durable when it returns."""
        ...
