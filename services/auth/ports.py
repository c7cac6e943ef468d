"""What the use cases need, in their own words.

Writes stand on the `revision` of what was read: a `save` raises `mesh.errors.Conflict` when somebody else wrote
first. Any method may raise `mesh.errors.Unavailable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.auth.domain import institutions, mails, sessions, signing, throttling, users


class PlacesTaken(Exception):
    """An institution has as many keys that work as it may have."""


class Accounts(Protocol):
    """Accounts of users."""

    async def add(self, account: users.Account) -> bool:
        """Store a new account; False (and nothing stored) when its e-mail is taken."""
        ...

    async def find(self, user_id: str) -> users.Account | None: ...

    async def find_by_email(self, email_key: str) -> users.Account | None: ...

    async def save(self, account: users.Account, *happenings: users.Happening) -> users.Account:
        """Store a change and tell what happened, both or neither."""
        ...

    async def unfinished_erasures(self, limit: int) -> list[users.Account]:
        """Tombstones whose erasure is not complete, the oldest first."""
        ...

    async def abandon(self, user_id: str) -> None:
        """Note that an id was given out that leads nowhere: what was prepared for it is to be cleared away."""
        ...

    async def abandoned(self, limit: int) -> list[str]:
        """Ids noted by `abandon`, the oldest first."""
        ...

    async def cleared(self, user_id: str) -> None:
        """Forget the note."""
        ...


class PersonalData(Protocol):
    """Keys of persons, and what is sealed under them."""

    async def create(self, subject_id: str) -> None:
        """Make a key for a subject."""
        ...

    async def destroy(self, subject_id: str) -> None:
        """Destroy a subject's key for good; harmless when done already."""
        ...

    async def email_key(self, email: str) -> str:
        """The keyed hash that an e-mail is found by."""
        ...

    async def address_key(self, address: str) -> str:
        """The keyed hash that a client address is counted under."""
        ...

    async def seal_profile(self, user_id: str, version: int, profile: users.Profile) -> users.SealedProfile: ...

    async def open_profile(self, user_id: str, sealed: users.SealedProfile) -> users.Profile: ...

    async def seal_contact(self, institution_id: str, email: str) -> institutions.SealedEmail: ...

    async def open_contact(self, institution_id: str, sealed: institutions.SealedEmail) -> str: ...


class Passwords(Protocol):
    """Password hashing in a bounded pool: every method raises `mesh.errors.Overloaded` when too much is waiting."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, password_hash: str | None) -> PasswordVerdict:
        """Check a password; None takes as long as a wrong one and is wrong."""
        ...


class PasswordVerdict(Protocol):
    """`better_hash`: what to store instead when the hash is of an older kind."""

    @property
    def right(self) -> bool: ...

    @property
    def better_hash(self) -> str | None: ...


class Proofs(Protocol):
    """Keyed proofs that a text was issued by us."""

    async def prove(self, text: str) -> str: ...


class SessionStore(Protocol):
    """Sessions of users."""

    async def add(self, session: sessions.Session) -> sessions.Session: ...

    async def find(self, session_id: str) -> sessions.Session | None: ...

    async def save(self, session: sessions.Session) -> sessions.Session: ...

    async def open_ones(self, user_id: str, limit: int) -> list[sessions.Session]:
        """Sessions of a user in state OPEN, the oldest first."""
        ...

    async def unfinished_ones(self, user_id: str, limit: int) -> list[sessions.Session]:
        """Sessions of a user in state OPEN or ENDING: those that the edge may still take."""
        ...

    async def ending_ones(self, before: datetime, limit: int) -> list[sessions.Session]:
        """Sessions of anybody that have been in state ENDING since before then."""
        ...

    async def ended_since(self, moment: datetime, limit: int) -> list[sessions.Session]:
        """Sessions of anybody that ended since, in state ENDED."""
        ...


class EndedSessions(Protocol):
    """Where the edge looks whether a session has ended (`mesh.sessions`)."""

    async def open(self, user_id: str, session_id: str) -> None: ...

    async def end(self, user_id: str, *session_ids: str) -> None: ...


class AccessTokens(Protocol):
    """Signs access tokens."""

    async def issue(self, claims: signing.Claims) -> str: ...


class SigningKeys(Protocol):
    """Keys that access tokens are signed with, in the order of their generations."""

    async def all(self) -> list[signing.SigningKey]: ...

    async def add(self, generation: int, usable_from: datetime) -> None:
        """Make the key of a generation; harmless when another process has made it."""
        ...

    async def remove(self, generation: int) -> None:
        """Forget a key; tokens that it signed are not taken any more."""
        ...


class AttemptLedger(Protocol):
    """Counts attempts under a key."""

    async def read(self, key: str) -> throttling.Attempts: ...

    async def save(self, key: str, attempts: throttling.Attempts) -> None: ...

    async def forget(self, key: str) -> None:
        """Remove the count, so that nothing tells of it; harmless when there is none."""
        ...


class Orders(Protocol):
    """Mails that are owed. What is added is kept until it is delivered, given up, or a week old."""

    async def ensure_room(self) -> None:
        """Raises `mesh.errors.Overloaded` when so many are owed that no more may come."""
        ...

    async def add(self, order: mails.Order) -> None:
        """Store an order; harmless when it is stored."""
        ...

    async def due(self, now: datetime, limit: int) -> list[mails.Order]: ...

    async def save(self, order: mails.Order) -> mails.Order: ...

    async def remove(self, order: mails.Order) -> None: ...

    async def remove_all_for(self, email_key: str) -> None: ...


class MailTokens(Protocol):
    """Tokens that were mailed."""

    async def add(self, token: mails.MailToken) -> None: ...

    async def find(self, token_hash: str) -> mails.MailToken | None: ...

    async def use(self, token: mails.MailToken) -> bool:
        """Use a token up: nobody finds it any more. False when somebody else did."""
        ...

    async def remove_all_for(self, subject_id: str) -> None: ...


class Post(Protocol):
    """Sends letters."""

    async def send(self, letter: mails.Letter) -> None: ...


class Institutions(Protocol):
    """Institutions."""

    async def add(self, institution: institutions.Institution) -> None:
        """Store an institution; harmless when it is stored."""
        ...

    async def find(self, institution_id: str) -> institutions.Institution | None: ...

    async def find_many(self, institution_ids: Sequence[str]) -> Mapping[str, institutions.Institution]: ...

    async def save(self, institution: institutions.Institution) -> institutions.Institution: ...

    async def remove(self, institution: institutions.Institution) -> None: ...

    async def pending_since_before(self, moment: datetime, limit: int) -> list[institutions.Institution]:
        """Institutions registered before then and never confirmed."""
        ...


class ApiKeys(Protocol):
    """API keys of institutions."""

    async def add(self, key: institutions.ApiKey) -> institutions.ApiKey | None:
        """Store a new key in a place that is free at `created_at`; None (and nothing stored) when its prefix is taken.

        However many are added at once, none that there is a place for is refused. Raises PlacesTaken.
        """
        ...

    async def find(self, key_id: str) -> institutions.ApiKey | None: ...

    async def find_by_prefixes(self, prefixes: Sequence[str]) -> Mapping[str, institutions.ApiKey]: ...

    async def of(self, institution_id: str) -> list[institutions.ApiKey]:
        """All keys of an institution, newest first."""
        ...

    async def save(self, key: institutions.ApiKey) -> institutions.ApiKey: ...

    async def remove(self, key: institutions.ApiKey) -> None: ...

    async def last_uses(self, key_ids: Sequence[str]) -> Mapping[str, datetime]:
        """When keys were last used, to the hour; a key that never was is absent."""
        ...

    async def note_use(self, key_id: str, hour: datetime) -> None: ...


class KeyCache(Protocol):
    """Checked keys by prefix, where verification looks too. A buried prefix is not answered from here."""

    async def find_many(self, prefixes: Sequence[str]) -> Mapping[str, institutions.KeyFacts]: ...

    async def fill(self, facts: Mapping[str, institutions.KeyFacts], now: datetime) -> None:
        """Set those that are absent."""
        ...

    async def bury(self, *prefixes: str) -> None:
        """No answer from here for a while: raises Unavailable when that cannot be made sure."""
        ...


class Credentials(Protocol):
    """The credential service."""

    async def revoke_all(self, user_id: str, cause: str) -> None:
        """Returns once none of the user's credentials verifies any more. `cause`: consent_withdrawn or
        account_erased.
        """
        ...
