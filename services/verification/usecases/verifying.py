"""Verifying tokens, many at once: one look at what is kept, one question each to auth and credential, one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from mesh import clock, errors
from services.verification import domain, ports
from services.verification import errors as refusals
from services.verification.usecases import identifying, standing

Outcome: TypeAlias = domain.Answer | errors.ServiceError


class VerifyTokens:
    """Answers whether credentials hold. No answer is given before its record is durable."""

    def __init__(
        self,
        memory: ports.Memory,
        identify: identifying.IdentifyCallers,
        find: standing.FindStandings,
        verifications: ports.Verifications,
        time: clock.Clock,
    ) -> None:
        self._memory = memory
        self._identify = identify
        self._find = find
        self._verifications = verifications
        self._clock = time

    async def __call__(self, calls: Sequence[domain.Call]) -> list[Outcome]:
        """One outcome a call, in order: an answer, or the error that the single call would have given."""
        forms = identifying.forms(call.api_key for call in calls if call.caller is None)
        tokens = {call.token for call in calls if domain.is_token(call.token)}
        prefixes = {form.prefix for form in forms.values() if form is not None}
        known = {token for token in tokens if not domain.is_link_token(token)}
        kept = await self._memory.recall(prefixes, known)
        identified = await self._identify(forms, kept.keys, self._clock.now())
        callers = [identified[call.api_key] if call.caller is None else call.caller for call in calls]
        found = await self._standings(calls, callers, kept.standings, tokens)
        outcomes = self._outcomes(calls, callers, found)
        if answers := [outcome for outcome in outcomes if isinstance(outcome, domain.Answer)]:
            await self._verifications.record(answers)
        return outcomes

    async def _standings(
        self,
        calls: Sequence[domain.Call],
        callers: Sequence[identifying.Identified],
        kept: Mapping[str, domain.Standing],
        tokens: set[str],
    ) -> list[standing.Found]:
        """What each call's token stands for; nothing is asked, and no use claimed, for a caller who is refused."""
        pairs = list(zip(calls, callers, strict=True))
        live = [call.token for call, caller in pairs if _is_live(caller) and call.token in tokens]
        found = iter(await self._find(live, kept, self._clock.now()) if live else ())
        return [
            next(found) if _is_live(caller) and call.token in tokens else _other(call, caller) for call, caller in pairs
        ]

    def _outcomes(
        self,
        calls: Sequence[domain.Call],
        callers: Sequence[identifying.Identified],
        found: Sequence[standing.Found],
    ) -> list[Outcome]:
        now = self._clock.now()
        outcomes: list[Outcome] = []
        for call, caller, stands in zip(calls, callers, found, strict=True):
            if isinstance(caller, errors.ServiceError):
                outcomes.append(caller)
            elif isinstance(stands, errors.ServiceError):
                outcomes.append(stands)
            elif stands.outcome == domain.UNKNOWN:
                outcomes.append(refusals.TokenNotFound())
            else:
                outcomes.append(domain.Answer(caller, stands, now, call.correlation_id))
        return outcomes


def _is_live(caller: identifying.Identified) -> bool:
    return isinstance(caller, domain.Caller) and not caller.test


def _other(call: domain.Call, caller: identifying.Identified) -> standing.Found:
    """Test keys know test tokens and nothing else; live keys know none of them."""
    if isinstance(caller, errors.ServiceError):
        return caller
    documented = domain.TEST_TOKENS.get(call.token) if caller.test else None
    return documented or refusals.TokenNotFound()
