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
    """Why a user is analysed. `upload_id` and `country` are of the upload that did it, empty for another cause.

    `is_asked`: somebody waits for the answer, so that an analysis that exists already is told of again.
    """

    user_id: str
    upload_id: str = ""
    country: str = ""
    is_asked: bool = False


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


def region(trigger: Trigger, upload_ids: Sequence[str], latest: Analysis | None, residence: str) -> str:
    """Country of the bank of the latest upload as far as it is known, else of another upload, else of residence."""
    newest = upload_ids[-1]
    if trigger.upload_id == newest and trigger.country:
        return trigger.country
    if latest is not None and latest.upload_ids[-1] == newest and latest.region:
        return latest.region
    return trigger.country or residence
