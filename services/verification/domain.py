"""What a verification is: facts and rules, no store and no wire."""

from __future__ import annotations

import dataclasses
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime

VALID = "valid"
EXPIRED = "expired"
UNKNOWN = "unknown"
SCOPE = "verify"
LINK_TOKEN_START = "vt_share_"  # noqa: S105 - the public start of a token, not one
_TOKEN = re.compile(r"vt_(?:share_)?[0-9A-Za-z]{32}")


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """An institution that has shown a valid key. `test`: the key verifies documented test tokens only."""

    institution_id: str
    key_id: str
    scopes: tuple[str, ...]
    test: bool


@dataclasses.dataclass(frozen=True, slots=True)
class KnownKey:
    """What is known of the key with some prefix. `expires_at_s`: epoch seconds."""

    key_hash: str
    caller: Caller
    expires_at_s: float | None = None

    def admits(self, key_hash: str, now: datetime) -> bool:
        """Whether the key with this hash is the one, and still works. Compared in constant time."""
        if not hmac.compare_digest(self.key_hash, key_hash):
            return False
        return self.expires_at_s is None or now.timestamp() < self.expires_at_s


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What a token stands for. `outcome`: valid, unknown, expired, revoked, superseded or used_up.

    Score, tier, insights and data_through are there only when valid. Compared by identity: the hot path keeps what it
    has made of one.
    """

    outcome: str
    credential_id: str = ""
    user_id: str = ""
    share_link: bool = False
    trust_score: int | None = None
    tier: str = ""
    insights: tuple[str, ...] = ()
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    data_through: str = ""
    version: int = 0

    def at(self, now: datetime) -> Standing:
        """The same, or expired when its time is over by now."""
        if self.outcome != VALID or self.expires_at is None or now < self.expires_at:
            return self
        return self.stopped(EXPIRED)

    def stopped(self, outcome: str) -> Standing:
        """The same credential, not holding: nothing of what it says is left."""
        return Standing(
            outcome,
            self.credential_id,
            self.user_id,
            self.share_link,
            issued_at=self.issued_at,
            expires_at=self.expires_at,
            version=self.version,
        )

    def has_moved_to(self, later: Standing) -> bool:
        """Whether the credential changed between two looks."""
        return (self.version, self.outcome, self.credential_id) != (later.version, later.outcome, later.credential_id)


@dataclasses.dataclass(slots=True)  # one a verification, so not frozen: that would take three times as long to make
class Call:
    """One token to verify for one caller: an institution that is known already, or one that shows an API key."""

    token: str = dataclasses.field(repr=False)
    correlation_id: str
    caller: Caller | None = None
    api_key: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(slots=True)  # likewise
class Answer:
    """An answer to one call. `verified_at` is one moment for all that are answered together."""

    caller: Caller
    standing: Standing
    verified_at: datetime
    correlation_id: str

    @property
    def valid(self) -> bool:
        return self.standing.outcome == VALID


@dataclasses.dataclass(frozen=True, slots=True)
class Verification:
    """An answer as it is remembered: no score."""

    id: str
    institution_id: str
    key_id: str
    credential_id: str
    result: str
    verified_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """How many verifications there were, and how many of them held."""

    total: int
    valid: int


@dataclasses.dataclass(frozen=True, slots=True)
class Institution:
    """An institution, as auth tells it."""

    institution_id: str
    name: str
    type: str
    status: str
    active_api_keys: int


def is_token(text: str) -> bool:
    """Whether a text has the form of a token: what has not need not be looked up."""
    return _TOKEN.fullmatch(text) is not None


def is_link_token(token: str) -> bool:
    """Whether a token is a share link's: each use is claimed, so it is never answered from what is kept."""
    return token.startswith(LINK_TOKEN_START)


_TEST_VALID = Standing(
    VALID,
    credential_id="cred_test_valid",
    user_id="user_test",
    trust_score=782,
    tier="excellent",
    insights=("Strong payment history", "Stable income pattern", "Healthy savings ratio"),
    issued_at=datetime(2026, 2, 15, 10, tzinfo=UTC),
    expires_at=datetime(2099, 2, 15, 10, tzinfo=UTC),
    data_through="2026-02-14",
)


def _test_stopped(outcome: str, *, share_link: bool = False) -> Standing:
    return Standing(
        outcome,
        credential_id=f"cred_test_{outcome}",
        user_id="user_test",
        share_link=share_link,
        issued_at=datetime(2026, 2, 15, 10, tzinfo=UTC),
    )


# What `cp_test_` keys may verify, documented in the service's README: the same answer for ever. No live key knows them.
TEST_TOKENS: Mapping[str, Standing] = {
    "vt_test_valid": _TEST_VALID,
    "vt_test_expired": _test_stopped("expired"),
    "vt_test_revoked": _test_stopped("revoked"),
    "vt_test_superseded": _test_stopped("superseded"),
    "vt_test_used_up": _test_stopped("used_up", share_link=True),
}
