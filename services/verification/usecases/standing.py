"""What tokens stand for: from what is kept, and from credential for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from mesh import errors, logs
from services.verification import domain, ports

Found: TypeAlias = domain.Standing | errors.ServiceError
_LOG = logs.get()


class FindStandings:
    """Finds what live tokens stand for; all that is not kept is asked for in one call."""

    def __init__(self, credentials: ports.Credentials, memory: ports.Memory) -> None:
        self._credentials = credentials
        self._memory = memory

    async def __call__(self, tokens: Sequence[str], kept: Mapping[str, domain.Standing], now: datetime) -> list[Found]:
        """One standing a token, in order; a share link is used once for each time it is named."""
        links = [token for token in tokens if domain.is_link_token(token)]
        absent = [token for token in set(tokens) if token not in kept and not domain.is_link_token(token)]
        asked = [*absent, *links]
        answers = await self._ask(asked)
        standings: dict[str, Found] = {token: kept[token].at(now) for token in set(tokens) if token in kept}
        standings.update(zip(absent, answers[: len(absent)], strict=True))
        standings.update(await self._keep(standings, absent))
        uses = iter(answers[len(absent) :])
        return [next(uses) if domain.is_link_token(token) else standings[token] for token in tokens]

    async def _ask(self, tokens: Sequence[str]) -> Sequence[Found]:
        if not tokens:
            return []
        try:
            return await self._credentials.resolve(tokens)
        except errors.ServiceError as trouble:
            return [trouble] * len(tokens)

    async def _keep(self, standings: Mapping[str, Found], absent: Iterable[str]) -> dict[str, domain.Standing]:
        """Keep what is valid, then look again: what moved since is not kept, and the later look counts."""
        fresh = {token: standings[token] for token in absent}
        valid = {
            token: found
            for token, found in fresh.items()
            if isinstance(found, domain.Standing) and found.outcome == domain.VALID and not found.share_link
        }
        added = await self._memory.keep(valid) if valid else []
        if not added:
            return {}
        try:
            later = dict(zip(added, await self._credentials.resolve(added), strict=True))
        except errors.ServiceError as trouble:
            _LOG.warning("what was kept could not be checked again", reason=trouble.reason)
            await self._memory.stop(added)
            return {}
        moved = [token for token in added if valid[token].has_moved_to(later[token])]
        if moved:
            await self._memory.stop(moved)
        return later
