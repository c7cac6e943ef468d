"""What an institution has verified."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from mesh import clock, errors
from services.verification import domain, ports

_PAGE_DEFAULT = 20
_RECENT = 10
_LATELY = timedelta(days=30)


@dataclasses.dataclass(frozen=True, slots=True)
class Dashboard:
    """Standing and counts of an institution."""

    institution: domain.Institution
    last_30_days: domain.Counts
    all_time: domain.Counts
    recent: Sequence[domain.Verification]


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Verifications, newest first; `rest` is the id to go on after, empty on the last page."""

    verifications: Sequence[domain.Verification]
    rest: str


class ShowDashboard:
    """An institution at a glance. A test key sees what test keys did, a live key what live keys did."""

    def __init__(self, institutions: ports.Institutions, verifications: ports.Verifications, time: clock.Clock) -> None:
        self._institutions = institutions
        self._verifications = verifications
        self._clock = time

    async def __call__(self, institution_id: str, *, test: bool) -> Dashboard:
        since = self._clock.now() - _LATELY
        return Dashboard(
            await self._institutions.find(institution_id),
            await self._verifications.counts(institution_id, test=test, since=since),
            await self._verifications.counts(institution_id, test=test),
            await self._verifications.page(institution_id, test=test, size=_RECENT),
        )


class ListVerifications:
    """A page of an institution's verifications."""

    def __init__(self, verifications: ports.Verifications) -> None:
        self._verifications = verifications

    async def __call__(self, institution_id: str, size: int, after_id: str, *, test: bool) -> Page:
        """At most `size` (0: 20). Raises InvalidArgument for a page token that no page gave."""
        size, after = size or _PAGE_DEFAULT, await self._place(institution_id, after_id)
        found = await self._verifications.page(institution_id, test=test, size=size + 1, after=after)
        page = found[:size]
        return Page(page, page[-1].id if len(found) > size else "")

    async def _place(self, institution_id: str, after_id: str) -> domain.Verification | None:
        if not after_id:
            return None
        after = await self._verifications.find(institution_id, after_id)
        if after is None:
            violation = errors.FieldViolation("page_token", "Not a token of a page before.")
            raise errors.InvalidArgument(violations=(violation,))
        return after
