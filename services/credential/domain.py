"""What a credential is: facts and rules, no store and no wire."""

from __future__ import annotations

import calendar
import dataclasses
import enum
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

TOKEN_PREFIX = "vt"  # noqa: S105 - the public prefix of a token, not one
LINK_TOKEN_PREFIX = "vt_share"  # noqa: S105 - likewise
LINK_DAYS_DEFAULT = 7
LINK_USES_DEFAULT = 1
# Active links of one credential. Ended ones do not count.
LINK_LIMIT = 20
_TIERS = ((750, "excellent"), (600, "good"), (400, "fair"), (0, "poor"))
_PHRASE_LIMIT = 120


class Status(enum.StrEnum):
    """What a credential's document says. Whether it is expired is a matter of the moment and not written."""

    PENDING = "pending"  # made, but consent is not confirmed yet: nobody sees it
    ACTIVE = "active"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Cause(enum.StrEnum):
    """Why a credential stopped."""

    OWNER = "owner"
    SUPERSEDED = "superseded"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    ACCOUNT_ERASED = "account_erased"


@dataclasses.dataclass(frozen=True, slots=True)
class Dimension:
    """Score 0 to 1000, its weight and the points it brings."""

    score: int
    weight: float
    contribution: int


@dataclasses.dataclass(frozen=True, slots=True)
class Credibility:
    """Factor in [0.70, 1] and the points it takes."""

    factor: float
    contribution: int
    reasons: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Insight:
    """One reason for the score, for the owner's eyes."""

    factor: str
    code: str
    impact: str
    score_contribution: int
    explanation: str


@dataclasses.dataclass(frozen=True, slots=True)
class Analysis:
    """A scored analysis, as the analysis service tells it."""

    trust_score: int
    confidence: float
    dimensions: Mapping[str, Dimension]
    credibility: Credibility
    insights: Sequence[Insight]
    public_insights: Sequence[str]
    recommendations: Sequence[str]
    data_points: int
    analysis_version: str
    region: str
    data_through: str
    staleness_days: int


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """What a credential says and the token it is verified by: sealed under its owner's key."""

    token: str = dataclasses.field(repr=False)
    tier: str
    public_insights: Sequence[str]
    analysis: Analysis = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Credential:
    """A credential's record; `sealed` is its content. Of a user's credentials the one analysed last holds."""

    id: str
    user_id: str
    analysis_id: str
    token_hash: str
    status: Status
    analysed_at: datetime
    issued_at: datetime
    expires_at: datetime
    sealed: bytes = dataclasses.field(default=b"", repr=False)
    version: int = 0
    ended_at: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """active, expired, revoked or superseded."""
        if self.status is Status.ACTIVE and now >= self.expires_at:
            return "expired"
        return self.status.value

    def ended(self, cause: Cause, now: datetime) -> Credential:
        """The same credential, stopped. Revoking outranks superseding; what is revoked keeps its moment."""
        status = Status.SUPERSEDED if cause is Cause.SUPERSEDED else Status.REVOKED
        return dataclasses.replace(self, status=status, ended_at=now)

    def is_older_than(self, other: Credential) -> bool:
        """Whether the other stands on a later analysis. Never true both ways."""
        return (self.analysed_at, self.id) < (other.analysed_at, other.id)


@dataclasses.dataclass(frozen=True, slots=True)
class ShareLink:
    """A link that verifies a credential `max_usage` times until `expires_at`; `sealed` is its token.

    While it may be used it holds one of the numbered places of its credential.
    """

    id: str
    credential_id: str
    user_id: str
    token_hash: str
    credential_token_hash: str
    created_at: datetime
    expires_at: datetime
    usage_count: int
    max_usage: int
    place: str | None = None
    sealed: bytes = dataclasses.field(default=b"", repr=False)
    version: int = 0
    revoked_at: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """active, expired, revoked or used_up, as far as the link itself is concerned."""
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.expires_at:
            return "expired"
        return "used_up" if self.usage_count >= self.max_usage else "active"

    def shown_status(self, credential: Credential, now: datetime) -> str:
        """Its status beside that of its credential: what stopped took its links along."""
        above = credential.status_at(now)
        if above == "active":
            return self.status_at(now)
        return "expired" if above == "expired" and self.revoked_at is None else "revoked"

    def claimable(self, wanted: int, now: datetime) -> int:
        """How many of the wanted uses there are."""
        return min(wanted, self.max_usage - self.usage_count) if self.status_at(now) == "active" else 0

    def used(self, times: int) -> ShareLink:
        """The same link after so many more uses; the last gives its place up."""
        count = self.usage_count + times
        return dataclasses.replace(self, usage_count=count, place=self.place if count < self.max_usage else None)

    def revoked(self, now: datetime) -> ShareLink:
        """The same link, stopped by its owner."""
        return dataclasses.replace(self, revoked_at=now, place=None)


def hash_token(token: str) -> str:
    """What is stored of a token and looked up: SHA-256, hex. A token has 190 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_link_token(token: str) -> bool:
    """Whether a token is a share link's, by its form."""
    return token.startswith(f"{LINK_TOKEN_PREFIX}_")


def tier(trust_score: int) -> str:
    """The word for a score: poor < 400 <= fair < 600 <= good < 750 <= excellent."""
    return next(name for least, name in _TIERS if trust_score >= least)


def expiry(issued_at: datetime) -> datetime:
    """A year later, at the same time of day; 28 February for 29 February."""
    year = issued_at.year + 1
    day = min(issued_at.day, calendar.monthrange(year, issued_at.month)[1])
    return issued_at.replace(year=year, day=day)


def link_expiry(now: datetime, days: int, credential: Credential) -> datetime:
    """When a link stops by itself: never later than its credential."""
    return min(now + timedelta(days=days or LINK_DAYS_DEFAULT), credential.expires_at)


def sanitised(phrases: Sequence[str]) -> tuple[str, ...]:
    """The phrases that may leave the house: short and without any figure."""
    return tuple(phrase for phrase in phrases if len(phrase) <= _PHRASE_LIMIT and not any(map(str.isnumeric, phrase)))


def content(token: str, analysis: Analysis) -> Content:
    """What a credential over this analysis says."""
    return Content(token, tier(analysis.trust_score), sanitised(analysis.public_insights), analysis)
