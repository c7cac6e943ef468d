"""What the analysis service does, a verb each."""

from __future__ import annotations

import mesh.errors
from mesh import clock, logs
from services.analysis import domain, errors, ports

_LOG = logs.get()
_FORGOTTEN_AT_ONCE = 100
_FORGET_ROUNDS = 1_000


class AnalyseUser:
    """Analyses all that a user has had accepted, unless that is done already. Harmless when repeated."""

    def __init__(
        self,
        consents: ports.Consents,
        statements: ports.Statements,
        engine: ports.Engine,
        analyses: ports.Analyses,
        withdrawals: ports.Withdrawals,
        time: clock.Clock,
    ) -> None:
        self._consents = consents
        self._statements = statements
        self._engine = engine
        self._analyses = analyses
        self._withdrawals = withdrawals
        self._clock = time

    async def __call__(self, trigger: domain.Trigger) -> None:
        user_id = trigger.user_id
        consent = await self._consents.check(user_id)
        if not consent.allowed:
            _LOG.info("no consent, no analysis", userId=user_id)
            return
        accepted = await self._statements.accepted(user_id)
        if not accepted.upload_ids:
            return
        withdrawal = await self._withdrawals.latest(user_id)
        analysis_id = domain.analysis_id(user_id, accepted.upload_ids, withdrawal)
        known = await self._known(user_id, analysis_id, accepted, withdrawal)
        if known is None:
            await self._analyse(analysis_id, user_id, accepted)
        elif trigger.asked_at is not None:
            await self._analyses.tell_again(known, trigger.asked_at)

    async def _known(
        self, user_id: str, analysis_id: str, accepted: domain.Accepted, withdrawal: domain.Withdrawal | None
    ) -> domain.Analysis | None:
        latest = await self._analyses.latest(user_id)
        if domain.still_stands(latest, accepted.upload_ids, withdrawal):
            return latest
        return await self._analyses.find(user_id, analysis_id)

    async def _analyse(self, analysis_id: str, user_id: str, accepted: domain.Accepted) -> None:
        upload_ids, region = accepted.upload_ids, accepted.country
        today = self._clock.now().date()
        findings = await self._engine.analyse(self._statements.rows(user_id, upload_ids), today)
        if not (await self._consents.check(user_id)).allowed:
            return  # withdrawn while the engine ran
        analysis = domain.Analysis(analysis_id, user_id, upload_ids, region, self._clock.now(), findings)
        try:
            await self._analyses.add(analysis)
        except ports.AlreadyAnalysed:
            _LOG.info("another worker was first", analysisId=analysis_id)
        except ports.OwnerErased:
            _LOG.info("the account was erased meanwhile", analysisId=analysis_id)


class RequestAnalysis:
    """Queues an analysis of a user."""

    def __init__(self, statements: ports.Statements, requests: ports.Requests) -> None:
        self._statements = statements
        self._requests = requests

    async def __call__(self, user_id: str, cause: str) -> None:
        if not (await self._statements.accepted(user_id)).upload_ids:
            raise errors.NothingToAnalyse
        await self._requests.queue(user_id, cause)


class ShowAnalysis:
    """One analysis of a user."""

    def __init__(self, analyses: ports.Analyses) -> None:
        self._analyses = analyses

    async def __call__(self, user_id: str, analysis_id: str) -> domain.Analysis:
        analysis = await self._analyses.find(user_id, analysis_id)
        if analysis is None:
            raise errors.AnalysisNotFound
        return analysis


class EraseUser:
    """Deletes every analysis of a user, whose key is destroyed already. Harmless when repeated."""

    def __init__(self, analyses: ports.Analyses, withdrawals: ports.Withdrawals) -> None:
        self._analyses = analyses
        self._withdrawals = withdrawals

    async def __call__(self, user_id: str) -> None:
        await self._withdrawals.forget(user_id)
        for _ in range(_FORGET_ROUNDS):
            if await self._analyses.forget(user_id, _FORGOTTEN_AT_ONCE) == 0:
                return
        raise mesh.errors.Conflict
