"""What tokens stand for. Asking about a share link is using it."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime

from mesh import clock, errors
from services.credential import domain, ports
from services.credential.usecases.turns import ATTEMPTS, Turns

VALID = "valid"
UNKNOWN = "unknown"
_RETRY_AFTER_S = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Resolution:
    """What one token stands for. `outcome`: valid, unknown, expired, revoked, superseded or used_up."""

    outcome: str
    credential: domain.Credential | None = None
    content: domain.Content | None = None
    share_link: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """The records behind the tokens of a call, by token hash."""

    credentials: Mapping[str, domain.Credential]
    links: Mapping[str, domain.ShareLink]


class ResolveTokens:
    """Resolves many tokens at once; the uses of a link are counted to the last one, across processes too."""

    def __init__(
        self, credentials: ports.Credentials, links: ports.ShareLinks, turns: Turns, time: clock.Clock
    ) -> None:
        self._credentials = credentials
        self._links = links
        self._turns = turns
        self._clock = time

    async def __call__(self, tokens: Sequence[str]) -> list[Resolution]:
        """One resolution a token, in order. Raises Unavailable when a link is fought over for too long."""
        hashes = [domain.hash_token(token) for token in tokens]
        found, now = await self._find(tokens, hashes), self._clock.now()
        resolved = [_standing(found, token_hash, now) for token_hash in hashes]
        resolved = await self._with_content(resolved)
        return await self._with_uses(found, hashes, resolved)

    async def _find(self, tokens: Sequence[str], hashes: Sequence[str]) -> _Found:
        pairs = dict(zip(hashes, tokens, strict=True))
        links = await self._links.by_tokens([name for name, token in pairs.items() if domain.is_link_token(token)])
        wanted = {name for name, token in pairs.items() if not domain.is_link_token(token)}
        wanted.update(link.credential_token_hash for link in links.values())
        return _Found(await self._credentials.by_tokens(list(wanted)), links)

    async def _with_content(self, resolved: list[Resolution]) -> list[Resolution]:
        valid = {each.credential.id: each.credential for each in resolved if each.outcome == VALID and each.credential}
        contents = await self._credentials.contents(list(valid.values()))
        by_id = dict(zip(valid, contents, strict=True))
        return [_said(each, by_id) for each in resolved]

    async def _with_uses(self, found: _Found, hashes: Sequence[str], resolved: list[Resolution]) -> list[Resolution]:
        pairs = zip(hashes, resolved, strict=True)
        wanted = collections.Counter(name for name, each in pairs if each.share_link and each.outcome == VALID)
        claims = await asyncio.gather(*(self._claim(found.links[name], times) for name, times in wanted.items()))
        left = dict(zip(wanted, claims, strict=True))
        return [_used(each, name, left) for name, each in zip(hashes, resolved, strict=True)]

    async def _claim(self, link: domain.ShareLink, wanted: int) -> _Claim:
        async with self._turns.of(link.token_hash):
            return await self._claim_in_turn(link, wanted)

    async def _claim_in_turn(self, link: domain.ShareLink, wanted: int) -> _Claim:
        for _ in range(ATTEMPTS):
            now = self._clock.now()
            granted = link.claimable(wanted, now)
            if granted == 0:
                return _Claim(0, link.status_at(now))
            try:
                return _Claim(granted, (await self._links.save_uses(link.used(granted))).status_at(now))
            except ports.Changed:
                fresh = (await self._links.by_tokens([link.token_hash])).get(link.token_hash)
            if fresh is None:
                return _Claim(0, UNKNOWN)
            link = fresh
        raise errors.Unavailable(retry_after_s=_RETRY_AFTER_S)


@dataclasses.dataclass(slots=True)
class _Claim:
    """Uses granted to this call, not handed out yet, and what the link is after them."""

    granted: int
    status: str


def _standing(found: _Found, token_hash: str, now: datetime) -> Resolution:
    """What the records say, before any use is claimed."""
    link = found.links.get(token_hash)
    credential = found.credentials.get(link.credential_token_hash if link else token_hash)
    if credential is None:
        return Resolution(UNKNOWN)
    status = credential.status_at(now)
    if link is not None and status == "active":
        status = link.status_at(now)
    return Resolution(VALID if status == "active" else status, credential, share_link=link is not None)


def _said(resolution: Resolution, contents: Mapping[str, domain.Content | None]) -> Resolution:
    if resolution.outcome != VALID or resolution.credential is None:
        return resolution
    content = contents[resolution.credential.id]
    if content is None:  # the owner is being erased: the key went first
        return dataclasses.replace(resolution, outcome=domain.Status.REVOKED.value)
    return dataclasses.replace(resolution, content=content)


def _used(resolution: Resolution, token_hash: str, claims: Mapping[str, _Claim]) -> Resolution:
    claim = claims.get(token_hash)
    if claim is None or resolution.outcome != VALID:
        return resolution
    if claim.granted > 0:
        claim.granted -= 1
        return resolution
    outcome = claim.status if claim.status != "active" else "used_up"
    return dataclasses.replace(resolution, outcome=outcome, content=None)
