"""Facts and rules about analyses: what one is, which id it has, when one more is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime

from mesh import ids


@dataclasses.dataclass(frozen=True, slots=True)
class Consent:
    """Whether a user's data may be processed now, and the country of residence if so."""

    allowed: bool
    country: str


@dataclasses.dataclass(frozen=True, slots=True)
class Trigger:
    """Who is analysed. `asked_at`: when somebody asked who waits for it: an analysis that exists is told of again."""

    user_id: str
    asked_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """A user's uploads that go into an analysis, oldest first, and the country of the latest one's bank."""

    upload_ids: tuple[str, ...] = ()
    country: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Doubt:
    """A sign of tampering that the file alone does not show; weight in [0, 1]."""

    code: str
    weight: float


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Next bytes of an upload's canonical rows; its first piece carries the doubts about it."""

    upload_id: str
    rows: bytes
    doubts: tuple[Doubt, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Withdrawal:
    """The latest withdrawal of a user's consent, by the id of its event."""

    event_id: str
    at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Dimension:
    """Score 0..1000, weight in the whole, points that it brings."""

    score: int
    weight: float
    contribution: int


@dataclasses.dataclass(frozen=True, slots=True)
class Credibility:
    """What the quality of the data does: factor in [0.70, 1], points (zero or negative), why in a sentence each."""

    factor: float
    contribution: int
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Insight:
    """One reason for a score; impact is positive or negative."""

    factor: str
    code: str
    impact: str
    score_contribution: int
    explanation: str


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """Something a score needs and the statements do not have: a stable code, and a sentence for the owner."""

    code: str
    explanation: str


@dataclasses.dataclass(frozen=True, slots=True)
class Findings:
    """What the engine says. Status: scored, or insufficient_data, then `trust_score` is None and `tier` empty."""

    status: str
    trust_score: int | None
    tier: str
    confidence: float
    dimensions: Mapping[str, Dimension]
    credibility: Credibility
    insights: tuple[Insight, ...]
    public_insights: tuple[str, ...]
    recommendations: tuple[str, ...]
    missing: tuple[Missing, ...]
    data_points: int
    data_through: str
    staleness_days: int
    analysis_version: str


@dataclasses.dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis of all that a user had had accepted. `upload_ids` are oldest first; `region` is a country."""

    id: str
    user_id: str
    upload_ids: tuple[str, ...]
    region: str
    created_at: datetime
    findings: Findings


def analysis_id(user_id: str, upload_ids: Sequence[str], withdrawal: Withdrawal | None) -> str:
    """The one id of the analysis of these uploads: a replay or a burst of events gives it again.

    A withdrawal revokes what was issued on an analysis, so consent that is given again needs another analysis of the
    same uploads: the id of the latest withdrawal's event makes it another one, and a replay of any event the same.
    """
    epoch = withdrawal.event_id if withdrawal else ""
    return ids.derived_id("analysis", user_id, epoch, *sorted(upload_ids))


def still_stands(latest: Analysis | None, upload_ids: Sequence[str], withdrawal: Withdrawal | None) -> bool:
    """Whether the latest analysis is of exactly these uploads and was made after the latest withdrawal.

    It may have been made before this service heard of that withdrawal, under the id of the epoch before.
    """
    if latest is None or set(latest.upload_ids) != set(upload_ids):
        return False
    return withdrawal is None or latest.created_at > withdrawal.at
