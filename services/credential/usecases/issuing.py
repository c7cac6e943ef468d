"""From a scored analysis to the one credential that holds."""

from __future__ import annotations

import contextlib
from datetime import datetime

from mesh import clock, ids
from services.credential import domain, ports
from services.credential.usecases import stopping

# A user has one active credential but for moments; this bounds what a burst may leave.
_HOLDING_LIMIT = 100


class IssueCredential:
    """Issues exactly one credential an analysis, however often it is told of it.

    In two steps: a pending credential, which nobody sees, then, with consent still given, the active one. A withdrawal
    that comes between finds the pending one, so none can begin to hold after a withdrawal was acknowledged.
    """

    def __init__(
        self,
        consents: ports.Consents,
        analyses: ports.Analyses,
        credentials: ports.Credentials,
        stop: stopping.StopAnswers,
        time: clock.Clock,
    ) -> None:
        self._consents = consents
        self._analyses = analyses
        self._credentials = credentials
        self._stop = stop
        self._clock = time

    async def __call__(self, user_id: str, analysis_id: str, analysed_at: datetime) -> None:
        credential = await self._credentials.of_analysis(analysis_id)
        if credential is None:
            credential = await self._prepare(user_id, analysis_id, analysed_at)
        if credential is None:
            return
        if credential.status is domain.Status.PENDING:
            await self._confirm(credential)
        await self._supersede_older(user_id)

    async def _prepare(self, user_id: str, analysis_id: str, analysed_at: datetime) -> domain.Credential | None:
        if not await self._consents.is_given(user_id):
            return None
        analysis = await self._analyses.scored(user_id, analysis_id)
        if analysis is None:
            return None
        token, now = ids.new_token(domain.TOKEN_PREFIX), self._clock.now()
        credential = domain.Credential(
            id=ids.derived_id("cred", analysis_id),
            user_id=user_id,
            analysis_id=analysis_id,
            token_hash=domain.hash_token(token),
            status=domain.Status.PENDING,
            analysed_at=analysed_at,
            issued_at=now,
            expires_at=domain.expiry(now),
        )
        try:
            return await self._credentials.prepare(credential, domain.content(token, analysis))
        except ports.AlreadyIssued:
            return await self._credentials.of_analysis(analysis_id)
        except ports.OwnerGone:
            return None

    async def _confirm(self, credential: domain.Credential) -> None:
        # Changed: another worker, a withdrawal or an erasure has settled it.
        with contextlib.suppress(ports.Changed):
            if await self._consents.is_given(credential.user_id):
                with contextlib.suppress(ports.OwnerGone):
                    await self._credentials.activate(credential)
                    return
            await self._credentials.discard(credential)

    async def _supersede_older(self, user_id: str) -> None:
        holding = await self._credentials.holding(user_id, _HOLDING_LIMIT)
        active = [each for each in holding if each.status is domain.Status.ACTIVE]
        older = [each for each in active if any(each.is_older_than(other) for other in active)]
        for each in older:
            with contextlib.suppress(ports.Changed):
                await self._credentials.end(each, domain.Cause.SUPERSEDED, self._clock.now())
        await self._stop(older)
