"""Checked keys in the cache at `apikey:{prefix}`, in the shape that verification reads too.

JSON: `keyHash` (SHA-256 hex), `institutionId`, `keyId`, `scopes` (list), `test` (bool), `expiresAt` (epoch seconds or
null), `confirmed` (bool). An entry is only ever written for a confirmed institution's key that was not revoked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson

from mesh import cache
from services.auth.domain import institutions


class CacheKeys:
    """`ports.KeyCache`."""

    def __init__(self, store: cache.Cache) -> None:
        self._cache = store

    async def find_many(self, prefixes: Sequence[str]) -> Mapping[str, institutions.KeyFacts]:
        values = await self._cache.get_many([cache.apikey_key(prefix) for prefix in prefixes])
        found = zip(prefixes, values, strict=True)
        return {prefix: decode(value) for prefix, value in found if value is not None and value != cache.TOMBSTONE}

    async def fill(self, facts: Mapping[str, institutions.KeyFacts], now: datetime) -> None:
        lasting = {cache.apikey_key(prefix): encode(fact) for prefix, fact in facts.items() if fact.expires_at is None}
        await self._cache.add_many(lasting, cache.APIKEY_TTL_S)
        for prefix, fact in facts.items():
            if fact.expires_at is not None and fact.expires_at > now:
                ttl_s = min(cache.APIKEY_TTL_S, (fact.expires_at - now).total_seconds())
                await self._cache.add(cache.apikey_key(prefix), encode(fact), ttl_s)

    async def bury(self, *prefixes: str) -> None:
        await self._cache.bury(*(cache.apikey_key(prefix) for prefix in prefixes))


def encode(facts: institutions.KeyFacts) -> bytes:
    return orjson.dumps(
        {
            "keyHash": facts.key_hash,
            "institutionId": facts.institution_id,
            "keyId": facts.key_id,
            "scopes": facts.scopes,
            "test": facts.test,
            "expiresAt": facts.expires_at.timestamp() if facts.expires_at else None,
            "confirmed": facts.confirmed,
        }
    )


def decode(value: bytes) -> institutions.KeyFacts:
    data = orjson.loads(value)
    return institutions.KeyFacts(
        data["keyHash"],
        data["institutionId"],
        data["keyId"],
        tuple(data["scopes"]),
        data["test"],
        expires_at=None if data["expiresAt"] is None else datetime.fromtimestamp(data["expiresAt"], UTC),
        confirmed=data["confirmed"],
    )
