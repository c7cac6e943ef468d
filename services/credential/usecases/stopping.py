"""Stopping credentials and links: the record first, then every answer kept elsewhere, then it is said."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from mesh import clock, errors
from services.credential import domain, ports
from services.credential import errors as refusals
from services.credential.usecases.turns import ATTEMPTS, Turns

_ATTEMPTS = 10
_ROUNDS = 100
_PAGE = 100
_RETRY_AFTER_S = 1.0
# Longer than any answer is kept: what ended before needs no word any more.
_KEPT = timedelta(hours=1)
_ENDED_LIMIT = 1000


class StopAnswers:
    """Lets no kept answer about credentials, or about their links, be given any more."""

    def __init__(self, links: ports.ShareLinks, answers: ports.AnswersElsewhere) -> None:
        self._links = links
        self._answers = answers

    async def __call__(self, credentials: Sequence[domain.Credential]) -> None:
        hashes = [each.token_hash for each in credentials]
        for each in credentials:
            hashes += [link.token_hash for link in await self._links.open_ones(each.id)]
        await self._answers.stop(hashes)


class RevokeCredential:
    """Its owner stops a credential with all its links. Harmless when it is stopped already."""

    def __init__(self, credentials: ports.Credentials, stop: StopAnswers, time: clock.Clock) -> None:
        self._credentials = credentials
        self._stop = stop
        self._clock = time

    async def __call__(self, user_id: str, credential_id: str) -> domain.Credential:
        """The revoked credential. Raises CredentialNotFound, RevocationIncomplete."""
        credential = await self._end(user_id, credential_id)
        async with _said_only_when_complete():
            await self._stop([credential])
        return credential

    async def _end(self, user_id: str, credential_id: str) -> domain.Credential:
        for _ in range(_ATTEMPTS):
            credential = await self._credentials.find(user_id, credential_id)
            if credential is None:
                raise refusals.CredentialNotFound
            if credential.status is domain.Status.REVOKED:
                return credential
            with contextlib.suppress(ports.Changed):
                return await self._credentials.end(credential, domain.Cause.OWNER, self._clock.now())
        raise errors.Conflict


class RevokeShareLink:
    """Its owner stops a link. Harmless when it is stopped already."""

    def __init__(
        self,
        credentials: ports.Credentials,
        links: ports.ShareLinks,
        answers: ports.AnswersElsewhere,
        turns: Turns,
        time: clock.Clock,
    ) -> None:
        self._credentials = credentials
        self._links = links
        self._answers = answers
        self._turns = turns
        self._clock = time

    async def __call__(self, user_id: str, credential_id: str, link_id: str) -> domain.ShareLink:
        """The revoked link. Raises CredentialNotFound, ShareLinkNotFound, RevocationIncomplete."""
        if await self._credentials.find(user_id, credential_id) is None:
            raise refusals.CredentialNotFound
        link = await self._end(credential_id, link_id)
        async with _said_only_when_complete():
            await self._answers.stop([link.token_hash])
        return link

    async def _end(self, credential_id: str, link_id: str) -> domain.ShareLink:
        link = await self._found(credential_id, link_id)
        # Uses that are claimed at the same time change the link too.
        async with self._turns.of(link.token_hash):
            for _ in range(ATTEMPTS):
                link = await self._found(credential_id, link_id)
                if link.revoked_at is not None:
                    return link
                with contextlib.suppress(ports.Changed):
                    return await self._links.revoke(link.revoked(self._clock.now()))
        raise errors.Conflict

    async def _found(self, credential_id: str, link_id: str) -> domain.ShareLink:
        link = await self._links.find(credential_id, link_id)
        if link is None:
            raise refusals.ShareLinkNotFound
        return link


class RevokeUserCredentials:
    """Stops every credential of a user, pending ones too. It says so once nothing of it verifies any more."""

    def __init__(self, credentials: ports.Credentials, stop: StopAnswers, time: clock.Clock) -> None:
        self._credentials = credentials
        self._stop = stop
        self._clock = time

    async def __call__(self, user_id: str, cause: domain.Cause, issued_until: datetime | None = None) -> int:
        """How many held. `issued_until` spares later ones: consent may be given again. Raises RevocationIncomplete."""
        count = 0
        for _ in range(_ROUNDS):
            holding = await self._credentials.holding(user_id, _PAGE)
            meant = [each for each in holding if issued_until is None or each.issued_at <= issued_until]
            if not meant:
                break
            for each in meant:
                count += await self._end(each, cause)
        else:
            raise refusals.RevocationIncomplete(retry_after_s=_RETRY_AFTER_S)
        async with _said_only_when_complete():
            since = self._clock.now() - _KEPT
            await self._stop(await self._credentials.ended_since(user_id, since, _ENDED_LIMIT))
        return count

    async def _end(self, credential: domain.Credential, cause: domain.Cause) -> int:
        # Changed: somebody else settled it; the next round looks again.
        with contextlib.suppress(ports.Changed):
            if credential.status is domain.Status.PENDING:
                await self._credentials.discard(credential)
                return 0
            await self._credentials.end(credential, cause, self._clock.now())
            return 1
        return 0


class RepeatStops:
    """Says again, after the event, what a revocation said: whatever could not be reached then hears it now."""

    def __init__(
        self,
        credentials: ports.Credentials,
        links: ports.ShareLinks,
        stop: StopAnswers,
        answers: ports.AnswersElsewhere,
    ) -> None:
        self._credentials = credentials
        self._links = links
        self._stop = stop
        self._answers = answers

    async def credential(self, credential_id: str) -> None:
        """A credential was stopped."""
        credential = await self._credentials.by_id(credential_id)
        if credential is not None:
            await self._stop([credential])
            await self._answers.forget_score(credential.user_id)

    async def link(self, credential_id: str, link_id: str) -> None:
        """A link was stopped."""
        link = await self._links.find(credential_id, link_id)
        if link is not None:
            await self._answers.stop([link.token_hash])

    async def score(self, user_id: str) -> None:
        """A user has a new score."""
        await self._answers.forget_score(user_id)


@contextlib.asynccontextmanager
async def _said_only_when_complete() -> AsyncIterator[None]:
    try:
        yield
    except errors.Unavailable as unreachable:
        raise refusals.RevocationIncomplete(retry_after_s=_RETRY_AFTER_S) from unreachable
