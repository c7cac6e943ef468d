"""Accounts of users: what they hold and how they change."""

from __future__ import annotations

import dataclasses
import unicodedata
from datetime import date, datetime

from mesh import errors

PASSWORD_CHARACTERS = range(8, 129)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """What a user says of themselves. Personal: readable only while the user's key exists. `date_of_birth` is ISO
    8601.
    """

    email: str
    first_name: str
    last_name: str
    country: str
    date_of_birth: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SealedProfile:
    """A profile under its owner's key. `version` is bound into the seal, so that an older box cannot be put back."""

    version: int
    box: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Consent:
    """Consent as it stands; `changed_at` is when it was last given or withdrawn, None for never."""

    data_processing: bool = False
    marketing: bool = False
    changed_at: datetime | None = None
    version: str = ""

    def withdrawn(self, now: datetime) -> Consent:
        return Consent(changed_at=now, version=self.version)


@dataclasses.dataclass(frozen=True, slots=True)
class Erasure:
    """How far an erasure has come: begun with the tombstone, `key_destroyed_at` when nothing can be read any more,
    `completed_at` when credentials are revoked and sessions have ended.
    """

    begun_at: datetime
    key_destroyed_at: datetime | None = None
    completed_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """A user's account, or the tombstone of one.

    `email_key` is a keyed hash of the normalised e-mail. `login_epoch` grows with each new password: sessions of
    another epoch have ended. `revision` is 0 until it is stored.
    """

    user_id: str
    created_at: datetime
    updated_at: datetime
    email_key: str | None = dataclasses.field(repr=False)
    password_hash: str | None = dataclasses.field(repr=False)
    profile: SealedProfile | None
    role: str = "user"
    email_verified: bool = False
    login_epoch: int = 1
    consent: Consent = Consent()
    erasure: Erasure | None = None
    revision: int = 0

    @property
    def is_active(self) -> bool:
        return self.erasure is None

    def verified(self, now: datetime) -> Account:
        return dataclasses.replace(self, email_verified=True, updated_at=now)

    def with_profile(self, profile: SealedProfile, now: datetime) -> Account:
        return dataclasses.replace(self, profile=profile, updated_at=now)

    def with_new_password(self, password_hash: str, now: datetime) -> Account:
        """After a reset by mail, which proves the mailbox too."""
        return dataclasses.replace(
            self,
            password_hash=password_hash,
            email_verified=True,
            login_epoch=self.login_epoch + 1,
            updated_at=now,
        )

    def with_consent(self, consent: Consent, now: datetime) -> Account:
        return dataclasses.replace(self, consent=consent, updated_at=now)

    def tombstone(self, now: datetime) -> Account:
        """What remains of an erased account: an id that stays taken, and how far the erasure is."""
        return Account(
            user_id=self.user_id,
            created_at=self.created_at,
            updated_at=now,
            email_key=None,
            password_hash=None,
            profile=None,
            role=self.role,
            login_epoch=self.login_epoch + 1,
            erasure=Erasure(begun_at=now),
            revision=self.revision,
        )

    def with_erasure(self, erasure: Erasure, now: datetime) -> Account:
        return dataclasses.replace(self, erasure=erasure, updated_at=now)


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A user consented to data processing."""

    version: str


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """A user withdrew consent."""


@dataclasses.dataclass(frozen=True, slots=True)
class AccountErased:
    """A user's key is destroyed."""


Happening = ConsentGiven | ConsentWithdrawn | AccountErased


def normalise_email(email: str) -> str:
    """The form in which e-mails are compared: NFC, without surrounding space, without regard to case."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def normalise_password(password: str) -> str:
    """NFC (RFC 8265, OpaqueString): the same keys typed on two systems give the same password."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str) -> None:
    """Raises InvalidArgument unless the password has 8 to 128 characters."""
    if len(password) not in PASSWORD_CHARACTERS:
        raise _wrong("password", "must have 8 to 128 characters")


def check_date_of_birth(date_of_birth: str | None, today: date) -> None:
    """Raises InvalidArgument unless it is a day that exists and lies in the past (the contract admits 2001-02-31)."""
    if date_of_birth is None:
        return
    try:
        born = date.fromisoformat(date_of_birth)
    except ValueError:
        raise _wrong("date_of_birth", "is not a day of the calendar") from None
    if born >= today:
        raise _wrong("date_of_birth", "must lie in the past")


def _wrong(field: str, message: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(violations=(errors.FieldViolation(field, message),))
