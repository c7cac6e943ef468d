"""Institutions and their API keys."""

from __future__ import annotations

import dataclasses
import enum
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

MAX_API_KEYS = 50
FIRST_KEY_NAME = "First key"
FIRST_KEY_SCOPES = ("manage", "verify")
# Longer than any mail that confirms an institution is good for: nobody can confirm it afterwards.
PENDING_LIFETIME = timedelta(days=7)


class Outcome(enum.Enum):
    """What showing a key gives. UNKNOWN covers what is not a key, expired and revoked alike."""

    VALID = "valid"
    UNKNOWN = "unknown"
    UNCONFIRMED = "unconfirmed"


@dataclasses.dataclass(frozen=True, slots=True)
class SealedEmail:
    """The contact's e-mail under the institution's key."""

    box: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Institution:
    """An institution; confirmed once its contact has followed the link in the mail."""

    institution_id: str
    name: str
    kind: str
    email: SealedEmail
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None = None
    revision: int = 0

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def status(self) -> str:
        return "active" if self.is_confirmed else "pending"

    def confirmed(self, now: datetime) -> Institution:
        return dataclasses.replace(self, confirmed_at=now, updated_at=now)


@dataclasses.dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret. `prefix`, its first 16 characters, tells it from every other.

    `place`: which of its institution's MAX_API_KEYS places it holds; a key that works no more need not hold one.
    """

    key_id: str
    institution_id: str
    name: str
    prefix: str
    key_hash: str = dataclasses.field(repr=False)
    scopes: tuple[str, ...]
    test: bool
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    place: str | None = None
    revision: int = 0

    def status(self, now: datetime) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"

    def revoked(self, now: datetime) -> ApiKey:
        return dataclasses.replace(self, revoked_at=now, place=None)


@dataclasses.dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a check of a key needs to know, as it is cached: only of confirmed institutions' keys that are not
    revoked.
    """

    key_hash: str = dataclasses.field(repr=False)
    institution_id: str
    key_id: str
    scopes: tuple[str, ...]
    test: bool
    expires_at: datetime | None
    confirmed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """Who shows a key; `facts` unless the outcome is another than VALID."""

    outcome: Outcome
    facts: KeyFacts | None = None


UNKNOWN = Answer(Outcome.UNKNOWN)


def answer(facts: KeyFacts, presented_hash: str, now: datetime) -> Answer:
    """Whether a key with that hash, shown now, is the one that the facts are of."""
    if not hmac.compare_digest(facts.key_hash, presented_hash):
        return UNKNOWN
    if facts.expires_at is not None and facts.expires_at <= now:
        return UNKNOWN
    if not facts.confirmed:
        return Answer(Outcome.UNCONFIRMED)
    return Answer(Outcome.VALID, facts)


def facts_of(key: ApiKey, *, confirmed: bool) -> KeyFacts:
    return KeyFacts(
        key.key_hash,
        key.institution_id,
        key.key_id,
        key.scopes,
        key.test,
        expires_at=key.expires_at,
        confirmed=confirmed,
    )


def surplus(keys: Iterable[ApiKey], now: datetime) -> list[ApiKey]:
    """Keys that must go so that the institution has at most MAX_API_KEYS: those that work no more, the oldest first."""
    kept = sorted(keys, key=lambda key: key.created_at)
    dead = [key for key in kept if key.status(now) != "active"]
    return dead[: max(0, len(kept) - MAX_API_KEYS)]


def active(keys: Iterable[ApiKey], now: datetime) -> list[ApiKey]:
    return [key for key in keys if key.status(now) == "active"]


def to_the_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
