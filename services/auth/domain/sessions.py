"""Sessions of users: a family of refresh tokens of which one is current."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import hmac
import re
from datetime import datetime, timedelta

from mesh import ids

MAX_OPEN_SESSIONS = 50
_PROOF_CHARACTERS = 32
_TOKEN_FORM = re.compile(
    rf"rt_([0-9A-Za-z]{{{ids.ID_LENGTH}}})([0-9A-Za-z]{{{ids.TOKEN_LENGTH}}})([0-9a-f]{{{_PROOF_CHARACTERS}}})"
)


class State(enum.Enum):
    """ENDING: no refresh works any more, but the edge may not know it yet and still take access tokens."""

    OPEN = "open"
    ENDING = "ending"
    ENDED = "ended"


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """A session. `token_hash` is of the current refresh token; `login_epoch` that of the account when it began."""

    session_id: str
    user_id: str
    token_hash: str = dataclasses.field(repr=False)
    login_epoch: int
    created_at: datetime
    expires_at: datetime
    state: State = State.OPEN
    ended_at: datetime | None = None
    revision: int = 0

    def is_open(self, now: datetime) -> bool:
        return self.state is State.OPEN and now < self.expires_at

    def holds(self, token: RefreshToken) -> bool:
        """Whether the token is the current one."""
        return hmac.compare_digest(self.token_hash, token.hashed())

    def rotated(self, token: RefreshToken, now: datetime, lifetime: timedelta) -> Session:
        return dataclasses.replace(self, token_hash=token.hashed(), expires_at=now + lifetime)

    def ending(self, now: datetime) -> Session:
        return dataclasses.replace(self, state=State.ENDING, ended_at=now)

    def ended(self) -> Session:
        return dataclasses.replace(self, state=State.ENDED)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RefreshToken:
    """An opaque refresh token: session, random part (190 bits), and a keyed proof that it was issued by us.

    The proof tells a used token from an invented one without a list of all that were used.
    """

    session_part: str
    random_part: str
    proof: str

    @property
    def session_id(self) -> str:
        return f"sess_{self.session_part}"

    @property
    def proven_text(self) -> str:
        return self.session_part + self.random_part

    @property
    def text(self) -> str:
        return f"rt_{self.session_part}{self.random_part}{self.proof}"

    def hashed(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def proven_by(self, mac: str) -> RefreshToken:
        return dataclasses.replace(self, proof=mac[:_PROOF_CHARACTERS])

    def is_proven_by(self, mac: str) -> bool:
        return hmac.compare_digest(self.proof, mac[:_PROOF_CHARACTERS])


def new_token(session_id: str) -> RefreshToken:
    """A fresh token of a session, still to be proven."""
    return RefreshToken(session_id.removeprefix("sess_"), ids.random_text(ids.TOKEN_LENGTH), "")


def parse_token(text: str) -> RefreshToken | None:
    """The parts of a token, or None for what cannot be one."""
    match = _TOKEN_FORM.fullmatch(text)
    return RefreshToken(*match.groups()) if match else None
