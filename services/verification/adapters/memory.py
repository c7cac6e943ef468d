"""What is kept of keys and tokens, over `mesh.cache`.

`verify:{hash of the token}` is written here, for 5 minutes; `apikey:{prefix}` is written by auth alone and read here. A
tombstone, like nothing at all, means: ask. What was read lately is not decoded again as long as its bytes are the same.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from mesh import cache, errors, logs
from services.verification import domain, ports

_DECODED = 4096
_LOG = logs.get()


class CachedMemory:
    """`ports.Memory`. A cache that cannot be reached keeps nothing: everything is asked for then."""

    def __init__(self, store: cache.Cache) -> None:
        self._cache = store

    async def recall(self, prefixes: Collection[str], tokens: Collection[str]) -> ports.Remembered:
        prefixes, tokens = list(prefixes), list(tokens)
        names = [*map(cache.apikey_key, prefixes), *map(cache.verify_key, tokens)]
        try:
            values = await self._cache.get_many(names)
        except errors.Unavailable:
            _LOG.warning("the cache cannot be reached, so everything is asked for")
            return ports.Remembered({}, {})
        keys = {name: key for name, value in zip(prefixes, values, strict=False) if (key := _key(value))}
        rest = values[len(prefixes) :]
        found = {name: standing for name, value in zip(tokens, rest, strict=True) if (standing := _standing(value))}
        return ports.Remembered(keys, found)

    async def keep(self, standings: Mapping[str, domain.Standing]) -> list[str]:
        values = {cache.verify_key(token): encode(standing) for token, standing in standings.items()}
        try:
            added = await self._cache.add_many(values, cache.VERIFY_TTL_S)
        except errors.Unavailable:
            return []
        return [token for token, was_added in zip(standings, added, strict=True) if was_added]

    async def stop(self, tokens: Collection[str]) -> None:
        # A tombstone and not a deletion: deleting could take away one that a revocation has just put there.
        try:
            await self._cache.bury(*map(cache.verify_key, tokens))
        except errors.Unavailable:
            _LOG.warning("what was kept could not be taken back", count=len(tokens))


def encode(standing: domain.Standing) -> bytes:
    """A standing as it is kept."""
    return orjson.dumps(
        {
            "credentialId": standing.credential_id,
            "userId": standing.user_id,
            "trustScore": standing.trust_score,
            "tier": standing.tier,
            "insights": standing.insights,
            "issuedAt": _seconds(standing.issued_at),
            "expiresAt": _seconds(standing.expires_at),
            "dataThrough": standing.data_through,
            "version": standing.version,
        }
    )


def _key(value: bytes | None) -> domain.KnownKey | None:
    try:
        return None if value is None or value == cache.TOMBSTONE else _decoded_key(value)
    except (ValueError, KeyError, TypeError):  # written by another release: asking is right whatever it says
        return None


def _standing(value: bytes | None) -> domain.Standing | None:
    try:
        return None if value is None or value == cache.TOMBSTONE else _decoded_standing(value)
    except (ValueError, KeyError, TypeError):  # likewise
        return None


@functools.lru_cache(_DECODED)
def _decoded_key(value: bytes) -> domain.KnownKey:
    data: dict[str, Any] = orjson.loads(value)
    caller = domain.Caller(data["institutionId"], data["keyId"], tuple(data["scopes"]), data["test"])
    return domain.KnownKey(data["keyHash"], caller, data["expiresAt"])


@functools.lru_cache(_DECODED)
def _decoded_standing(value: bytes) -> domain.Standing:
    data: dict[str, Any] = orjson.loads(value)
    return domain.Standing(
        domain.VALID,
        credential_id=data["credentialId"],
        user_id=data["userId"],
        trust_score=data["trustScore"],
        tier=data["tier"],
        insights=tuple(data["insights"]),
        issued_at=_moment(data["issuedAt"]),
        expires_at=_moment(data["expiresAt"]),
        data_through=data["dataThrough"],
        version=data["version"],
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
