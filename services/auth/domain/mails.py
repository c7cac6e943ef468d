"""Mails that are owed, the tokens in them, and their words."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import re
from datetime import datetime, timedelta

from mesh import ids

MAX_DELIVERY_ATTEMPTS = 10
CLAIM_LIFETIME = timedelta(seconds=60)
_TOKEN_FORM = re.compile(r"mt_[0-9A-Za-z]{32}")


class Occasion(enum.Enum):
    """Why a mail is owed. For REGISTRATION and FORGOTTEN_PASSWORD it is found out only when it is sent whether
    anybody is there to get it: the request that caused it takes the same way for known and unknown e-mails.
    """

    REGISTRATION = "registration"
    FORGOTTEN_PASSWORD = "forgotten_password"  # noqa: S105 - an occasion
    INSTITUTION = "institution"


class Purpose(enum.Enum):
    """What a mail token is good for."""

    VERIFY_USER = "verify_user"
    VERIFY_INSTITUTION = "verify_institution"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """A mail that is owed. `email_key`: whose, for users; `subject_id`: the id that the occasion gave out."""

    order_id: str
    occasion: Occasion
    email_key: str | None = dataclasses.field(repr=False)
    subject_id: str
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    revision: int = 0

    def claimed(self, now: datetime) -> Order:
        """Taken by one relay; due again (at growing distance) should it not finish."""
        pause = min(CLAIM_LIFETIME * 2**self.attempts, timedelta(hours=1))
        return dataclasses.replace(self, due_at=now + pause, attempts=self.attempts + 1)


@dataclasses.dataclass(frozen=True, slots=True)
class MailToken:
    """A token as it is stored: its hash, what it is good for, and until when."""

    token_hash: str = dataclasses.field(repr=False)
    purpose: Purpose
    subject_id: str
    expires_at: datetime
    revision: int = 0


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A mail ready to be sent."""

    to: str
    subject: str
    text: str


def new_token() -> str:
    """A token to be mailed, 190 random bits."""
    return ids.new_token("mt")


def is_token(text: str) -> bool:
    return _TOKEN_FORM.fullmatch(text) is not None


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def verify_letter(to: str, public_url: str, token: str) -> Letter:
    return Letter(to, "Confirm your e-mail for CredPass", _VERIFY.format(link=_link(public_url, "verify-email", token)))


def known_letter(to: str, public_url: str, token: str) -> Letter:
    """To the owner of an account whose e-mail was registered once more."""
    return Letter(
        to, "You already have a CredPass account", _KNOWN.format(link=_link(public_url, "reset-password", token))
    )


def reset_letter(to: str, public_url: str, token: str) -> Letter:
    return Letter(to, "Set a new CredPass password", _RESET.format(link=_link(public_url, "reset-password", token)))


def _link(public_url: str, page: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/{page}?token={token}"


_VERIFY = """\
Please confirm that this is your e-mail address:

{link}

The link is good for 48 hours and works once. If you did not ask for it, ignore this mail.
"""

_KNOWN = """\
Somebody, perhaps you, tried to register with this e-mail address, which already has an account. Nothing was changed.
To log in with a new password, set it here:

{link}

The link is good for one hour and works once. If it was not you, ignore this mail.
"""

_RESET = """\
Set a new password for your account here; doing so ends every open session:

{link}

The link is good for one hour and works once. If you did not ask for it, ignore this mail: your password stays.
"""
