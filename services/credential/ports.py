"""What the credential service needs from the world, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.credential import domain


class Consents(Protocol):
    """Where consent to data processing stands."""

    async def is_given(self, user_id: str) -> bool:
        """Whether there is an account whose owner consents, now."""
        ...


class Analyses(Protocol):
    """Where results lie."""

    async def scored(self, user_id: str, analysis_id: str) -> domain.Analysis | None:
        """The result of an analysis; None when it has no score or is gone."""
        ...


class AnswersElsewhere(Protocol):
    """Answers that verification keeps for a while."""

    async def stop(self, token_hashes: Sequence[str]) -> None:
        """Let no kept answer about these tokens be given any more. Raises `errors.Unavailable` if that is not sure."""
        ...

    async def forget_score(self, user_id: str) -> None:
        """Let the latest score of a user be read anew."""
        ...


class AlreadyIssued(Exception):
    """The analysis has its credential."""


class Changed(Exception):
    """The record is not what it was when it was read: somebody else wrote, or it is gone."""


class OwnerGone(Exception):
    """The owner's key was destroyed: nothing can be sealed or read for them."""


class PlacesTaken(Exception):
    """The credential has as many active links as it may."""


class Credentials(Protocol):
    """The record of credentials."""

    async def prepare(self, credential: domain.Credential, content: domain.Content) -> domain.Credential:
        """Write a pending credential. Raises AlreadyIssued, OwnerGone."""
        ...

    async def activate(self, credential: domain.Credential) -> domain.Credential:
        """Make a pending credential hold and tell of it, in one write. Raises Changed, OwnerGone."""
        ...

    async def discard(self, credential: domain.Credential) -> None:
        """Delete a pending credential. Raises Changed."""
        ...

    async def end(self, credential: domain.Credential, cause: domain.Cause, now: datetime) -> domain.Credential:
        """Write that a credential stopped and tell of it, in one write. Raises Changed."""
        ...

    async def of_analysis(self, analysis_id: str) -> domain.Credential | None:
        """The credential over an analysis, pending or not."""
        ...

    async def find(self, user_id: str, credential_id: str) -> domain.Credential | None:
        """An issued credential, if it is this user's."""
        ...

    async def by_id(self, credential_id: str) -> domain.Credential | None:
        """A credential, whoever owns it."""
        ...

    async def by_tokens(self, token_hashes: Sequence[str]) -> dict[str, domain.Credential]:
        """Issued credentials by the hashes of their tokens, at most 512."""
        ...

    async def holding(self, user_id: str, limit: int) -> list[domain.Credential]:
        """Up to `limit` credentials of a user that are pending or active."""
        ...

    async def page(self, user_id: str, size: int, after: domain.Credential | None) -> list[domain.Credential]:
        """Issued credentials of a user, newest first, those after one."""
        ...

    async def ended_since(self, user_id: str, moment: datetime, limit: int) -> list[domain.Credential]:
        """Credentials of a user that were stopped then or later."""
        ...

    async def contents(self, credentials: Sequence[domain.Credential]) -> list[domain.Content | None]:
        """What credentials say, in order; None when the owner's key is destroyed."""
        ...


class ShareLinks(Protocol):
    """The record of share links."""

    async def create(self, link: domain.ShareLink, token: str, now: datetime) -> domain.ShareLink:
        """Write a link and tell of it, in one write. Raises PlacesTaken, OwnerGone."""
        ...

    async def save_uses(self, link: domain.ShareLink) -> domain.ShareLink:
        """Write the use count of a link that is still at its version. Raises Changed."""
        ...

    async def revoke(self, link: domain.ShareLink) -> domain.ShareLink:
        """Write that its owner stopped a link and tell of it, in one write. Raises Changed."""
        ...

    async def find(self, credential_id: str, link_id: str) -> domain.ShareLink | None:
        """A link of a credential."""
        ...

    async def by_tokens(self, token_hashes: Sequence[str]) -> dict[str, domain.ShareLink]:
        """Links by the hashes of their tokens, at most 512."""
        ...

    async def open_ones(self, credential_id: str) -> list[domain.ShareLink]:
        """Links of a credential that have not ended, or not noticed it yet: at most as many as may be active."""
        ...

    async def newest(self, credential_id: str, limit: int) -> list[domain.ShareLink]:
        """Links of a credential, newest first."""
        ...

    async def tokens(self, links: Sequence[domain.ShareLink]) -> list[str | None]:
        """Tokens of links, in order; None when the owner's key is destroyed."""
        ...
