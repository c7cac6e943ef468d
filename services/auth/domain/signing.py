"""Keys that access tokens are signed with, when each is used, and what a token says (RFC 7519, RFC 9068 in spirit)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

# A new key is published this long before it signs, and an old one this long after, so that every cached copy of the
# key set at the edge has it in time.
OVERLAP = timedelta(hours=1)
FIRST_GENERATION = 1


@dataclasses.dataclass(frozen=True, slots=True)
class SigningKey:
    """A key on P-256. `x` and `y` are base64url; `private_pem` is PKCS #8."""

    kid: str
    generation: int
    x: str
    y: str
    created_at: datetime
    usable_from: datetime
    private_pem: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says of its bearer. Times are in whole seconds."""

    user_id: str
    role: str
    session_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime


def current(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The newest key that may sign now."""
    usable = [key for key in keys if key.usable_from <= now]
    return max(usable, key=lambda key: key.generation, default=None)


def current_first(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """All keys to publish: the current one, then the others, the newest first."""
    signing = current(keys, now)
    return sorted(keys, key=lambda key: (key is not signing, -key.generation))


def is_rotation_due(keys: Sequence[SigningKey], now: datetime, period: timedelta) -> bool:
    newest = max(keys, key=lambda key: key.generation, default=None)
    return newest is None or newest.created_at + period <= now


def retired(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """Keys whose last token has expired: a newer one has signed for longer than the overlap."""
    signing = current(keys, now)
    if signing is None or now < signing.usable_from + OVERLAP:
        return []
    return [key for key in keys if key.generation < signing.generation]
