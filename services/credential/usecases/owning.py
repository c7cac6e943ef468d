"""What owners see of their credentials, and the links they share them by."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mesh import clock, errors, ids
from services.credential import domain, ports
from services.credential import errors as refusals

_PAGE_DEFAULT = 20
_LINKS_SHOWN = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A credential with what it says and its status now."""

    credential: domain.Credential
    content: domain.Content
    status: str


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Credentials, newest first; `rest` is the id to go on after, empty on the last page."""

    shown: Sequence[Shown]
    rest: str


@dataclasses.dataclass(frozen=True, slots=True)
class ShownLink:
    """A link with its token and its status now."""

    link: domain.ShareLink
    token: str
    status: str


class ListCredentials:
    """A page of a user's credentials."""

    def __init__(self, credentials: ports.Credentials, time: clock.Clock) -> None:
        self._credentials = credentials
        self._clock = time

    async def __call__(self, user_id: str, size: int, after_id: str) -> Page:
        """At most `size` (0: 20). Raises InvalidArgument for a page token that no page gave."""
        size = size or _PAGE_DEFAULT
        after = await self._place(user_id, after_id)
        found = await self._credentials.page(user_id, size + 1, after)
        page, now = found[:size], self._clock.now()
        contents = await self._credentials.contents(page)
        pairs = zip(page, contents, strict=True)
        shown = [Shown(each, content, each.status_at(now)) for each, content in pairs if content is not None]
        return Page(shown, page[-1].id if len(found) > size else "")

    async def _place(self, user_id: str, after_id: str) -> domain.Credential | None:
        if not after_id:
            return None
        after = await self._credentials.find(user_id, after_id)
        if after is None:
            violation = errors.FieldViolation("page_token", "Not a token of a page before.")
            raise errors.InvalidArgument(violations=(violation,))
        return after


class ShowCredential:
    """A credential of a user, in full, with its newest links."""

    def __init__(self, credentials: ports.Credentials, links: ports.ShareLinks, time: clock.Clock) -> None:
        self._credentials = credentials
        self._links = links
        self._clock = time

    async def __call__(self, user_id: str, credential_id: str) -> tuple[Shown, list[ShownLink]]:
        """Raises CredentialNotFound."""
        credential = await self._credentials.find(user_id, credential_id)
        if credential is None:
            raise refusals.CredentialNotFound
        (content,) = await self._credentials.contents([credential])
        if content is None:
            raise refusals.CredentialNotFound
        shown = Shown(credential, content, credential.status_at(self._clock.now()))
        return shown, await self._shown_links(credential)

    async def _shown_links(self, credential: domain.Credential) -> list[ShownLink]:
        links, now = await self._links.newest(credential.id, _LINKS_SHOWN), self._clock.now()
        pairs = zip(links, await self._links.tokens(links), strict=True)
        return [ShownLink(link, token, link.shown_status(credential, now)) for link, token in pairs if token]


class CreateShareLink:
    """An owner shares a credential that holds."""

    def __init__(self, credentials: ports.Credentials, links: ports.ShareLinks, time: clock.Clock) -> None:
        self._credentials = credentials
        self._links = links
        self._clock = time

    async def __call__(
        self, user_id: str, credential_id: str, days: int, max_usage: int, effects: ids.Effects = ids.NEW
    ) -> ShownLink:
        """The link; 0 days mean 7, 0 uses mean 1. Raises CredentialNotFound, CredentialNotActive, TooManyShareLinks."""
        credential, now = await self._credentials.find(user_id, credential_id), self._clock.now()
        if credential is None:
            raise refusals.CredentialNotFound
        token = effects.token(domain.LINK_TOKEN_PREFIX)
        if effects.is_repeatable and (made := await self._links.find(credential.id, effects.id("link"))):
            return ShownLink(made, token, made.shown_status(credential, now))
        if (status := credential.status_at(now)) != "active":
            raise refusals.CredentialNotActive.with_status(status)
        link = domain.ShareLink(
            id=effects.id("link"),
            credential_id=credential.id,
            user_id=user_id,
            token_hash=domain.hash_token(token),
            credential_token_hash=credential.token_hash,
            created_at=now,
            expires_at=domain.link_expiry(now, days, credential),
            usage_count=0,
            max_usage=max_usage or domain.LINK_USES_DEFAULT,
        )
        return ShownLink(await self._create(link, token), token, "active")

    async def _create(self, link: domain.ShareLink, token: str) -> domain.ShareLink:
        try:
            return await self._links.create(link, token, link.created_at)
        except ports.PlacesTaken:
            raise refusals.TooManyShareLinks.over(domain.LINK_LIMIT) from None
        except ports.OwnerGone:
            raise refusals.CredentialNotFound from None
