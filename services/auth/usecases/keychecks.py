"""Who shows these API keys, many at once, and when keys were last used."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime

from mesh import apikeys, clock, logs
from mesh import errors as mesh_errors
from services.auth import ports
from services.auth.domain import institutions
from services.auth.domain.institutions import KeyFacts

log = logs.get("auth")

_MAX_NOTED_KEYS = 10_000


class KeyUses:
    """Notes which keys are used, in memory, and writes the hour of each once an hour: no write a call.

    What a crash loses is at most a minute of notes. Bounded: past 10,000 keys a minute the rest go unnoted.
    """

    def __init__(self, keys: ports.ApiKeys, time: clock.Clock) -> None:
        self._keys, self._clock = keys, time
        self._noted: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}

    def note(self, key_id: str) -> None:
        hour = institutions.to_the_hour(self._clock.now())
        if self._written.get(key_id) != hour and len(self._noted) < _MAX_NOTED_KEYS:
            self._noted[key_id] = hour

    async def flush(self) -> None:
        """Write what was noted. Run periodically and at the end."""
        noted, self._noted = self._noted, {}
        for key_id, hour in noted.items():
            await self._keys.note_use(key_id, hour)
        if len(self._written) > _MAX_NOTED_KEYS:
            self._written.clear()
        self._written.update(noted)


@dataclasses.dataclass(frozen=True, slots=True)
class AuthenticateApiKeys:
    """One answer a key, in the order asked: from the cache in one round trip, the rest from the documents in two."""

    keys: ports.ApiKeys
    directory: ports.Institutions
    cache: ports.KeyCache
    uses: KeyUses
    clock: clock.Clock

    async def __call__(self, texts: Sequence[str]) -> list[institutions.Answer]:
        presented = [_parse(text) for text in texts]
        facts = await self._facts({key.prefix for key in presented if key is not None})
        answers = [self._answer(key, facts) for key in presented]
        for answer in answers:
            if answer.facts is not None:
                self.uses.note(answer.facts.key_id)
        return answers

    def _answer(self, presented: apikeys.ApiKeyText | None, facts: Mapping[str, KeyFacts]) -> institutions.Answer:
        if presented is None or presented.prefix not in facts:
            return institutions.UNKNOWN
        return institutions.answer(facts[presented.prefix], apikeys.hash_key(presented.text), self.clock.now())

    async def _facts(self, prefixes: set[str]) -> dict[str, KeyFacts]:
        cached = await self._cached(sorted(prefixes))
        missing = sorted(prefixes - cached.keys())
        return {**cached, **(await self._stored(missing) if missing else {})}

    async def _cached(self, prefixes: Sequence[str]) -> Mapping[str, KeyFacts]:
        try:
            return await self.cache.find_many(prefixes)
        except mesh_errors.Unavailable:
            log.warning("cache not reached, keys are checked in the documents")
            return {}

    async def _stored(self, prefixes: Sequence[str]) -> Mapping[str, KeyFacts]:
        keys = await self.keys.find_by_prefixes(prefixes)
        live = {prefix: key for prefix, key in keys.items() if key.revoked_at is None}
        facts = await self._with_standing(live)
        await self._fill(live, {prefix: fact for prefix, fact in facts.items() if fact.confirmed})
        return facts

    async def _with_standing(self, keys: Mapping[str, institutions.ApiKey]) -> dict[str, KeyFacts]:
        owners = await self.directory.find_many(sorted({key.institution_id for key in keys.values()}))
        return {
            prefix: institutions.facts_of(key, confirmed=owners[key.institution_id].is_confirmed)
            for prefix, key in keys.items()
            if key.institution_id in owners
        }

    async def _fill(self, keys: Mapping[str, institutions.ApiKey], facts: Mapping[str, KeyFacts]) -> None:
        """Fill the cache, then look whether a key moved meanwhile: its entry must not outlive a revocation."""
        if not facts:
            return
        try:
            await self.cache.fill(facts, self.clock.now())
            standing = await self.keys.find_by_prefixes(sorted(facts))
            moved = [prefix for prefix in facts if _revision(standing, prefix) != keys[prefix].revision]
            if moved:
                await self.cache.bury(*moved)
        except mesh_errors.Unavailable:
            log.warning("cache not filled with checked keys")


def _revision(keys: Mapping[str, institutions.ApiKey], prefix: str) -> int:
    return keys[prefix].revision if prefix in keys else 0


def _parse(text: str) -> apikeys.ApiKeyText | None:
    try:
        return apikeys.parse(text)
    except ValueError:
        return None
