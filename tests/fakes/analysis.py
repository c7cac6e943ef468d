"""Fakes of the analysis service's ports, all in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime

from services.analysis import domain, ports

FINDINGS = domain.Findings(
    status="scored",
    trust_score=700,
    tier="good",
    confidence=0.8,
    dimensions={"paymentConsistency": domain.Dimension(800, 0.25, 200)},
    credibility=domain.Credibility(0.9, -10, ("Some rows could not be read.",)),
    insights=(domain.Insight("Payment Consistency", "on_time", "positive", 200, "All 24 payments were on time."),),
    public_insights=("Strong payment history",),
    recommendations=("Keep it up.",),
    missing=(),
    data_points=182,
    data_through="2026-01-31",
    staleness_days=15,
    analysis_version="1.1",
)


class FakeConsents:
    """Everybody consents, from CZ, until told otherwise."""

    def __init__(self) -> None:
        self.withdrawn: set[str] = set()

    async def check(self, user_id: str) -> domain.Consent:
        if user_id in self.withdrawn:
            return domain.Consent(allowed=False, country="")
        return domain.Consent(allowed=True, country="CZ")


class FakeStatements:
    """Accepted uploads by user; each has one piece of rows, its id."""

    def __init__(self) -> None:
        self.uploads: dict[str, list[str]] = {}
        self.country = "DE"

    async def accepted(self, user_id: str) -> domain.Accepted:
        return domain.Accepted(tuple(self.uploads.get(user_id, [])), self.country)

    async def rows(self, user_id: str, upload_ids: Sequence[str]) -> ports.Rows:
        for upload_id in upload_ids:
            yield domain.Piece(upload_id, upload_id.encode())


class FakeEngine:
    """Finds the same in everything; `meanwhile` happens while it works."""

    def __init__(self) -> None:
        self.analysed: list[list[str]] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def analyse(self, rows: ports.Rows, today: date) -> domain.Findings:
        self.analysed.append([piece.upload_id async for piece in rows])
        if self.meanwhile is not None:
            await self.meanwhile()
        return FINDINGS


class FakeAnalyses:
    """`ports.Analyses`; `told` are the ids that an event went out for."""

    def __init__(self) -> None:
        self.kept: dict[str, domain.Analysis] = {}
        self.erased: set[str] = set()
        self.told: list[str] = []

    async def add(self, analysis: domain.Analysis) -> None:
        if analysis.user_id in self.erased:
            raise ports.OwnerErased
        if analysis.id in self.kept:
            raise ports.AlreadyAnalysed
        self.kept[analysis.id] = analysis
        self.told.append(analysis.id)

    async def tell_again(self, analysis: domain.Analysis, asked_at: datetime) -> None:
        if analysis.id in self.kept and asked_at >= self.kept[analysis.id].created_at:
            self.told.append(analysis.id)

    async def find(self, user_id: str, analysis_id: str) -> domain.Analysis | None:
        found = self.kept.get(analysis_id)
        return found if found is not None and found.user_id == user_id else None

    async def latest(self, user_id: str) -> domain.Analysis | None:
        mine = [analysis for analysis in self.kept.values() if analysis.user_id == user_id]
        return max(mine, key=lambda analysis: (analysis.created_at, analysis.id), default=None)

    async def forget(self, user_id: str, limit: int) -> int:
        mine = [analysis.id for analysis in self.kept.values() if analysis.user_id == user_id][:limit]
        for analysis_id in mine:
            del self.kept[analysis_id]
        return len(mine)


class FakeWithdrawals:
    """`ports.Withdrawals`."""

    def __init__(self) -> None:
        self._latest: dict[str, domain.Withdrawal] = {}

    async def latest(self, user_id: str) -> domain.Withdrawal | None:
        return self._latest.get(user_id)

    async def note(self, user_id: str, withdrawal: domain.Withdrawal) -> None:
        known = self._latest.get(user_id)
        if known is None or known.at < withdrawal.at:
            self._latest[user_id] = withdrawal

    async def forget(self, user_id: str) -> None:
        self._latest.pop(user_id, None)


class FakeRequests:
    """Remembers who was queued."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, str]] = []

    async def queue(self, user_id: str, cause: str) -> None:
        self.queued.append((user_id, cause))
