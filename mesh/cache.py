"""The cache: one adapter over redis.asyncio, for a server, a cluster or a stand-in in this process (`memory:`).

Nothing here is the only copy of anything. A tombstone is a value that says "do not answer from the cache, ask the
owner"; a fill uses `add`, so that it never overwrites one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import redis.asyncio as redis_asyncio
from redis import exceptions

from mesh import errors, redis_clients

if TYPE_CHECKING:  # only the gateway draws from windows
    from limits.aio.strategies import FixedWindowRateLimiter

VARIABLE = redis_clients.VARIABLE
TOMBSTONE = b"\x00"
TOMBSTONE_TTL_S = 15 * 60
VERIFY_TTL_S = 5 * 60
SCORE_TTL_S = 60 * 60
APIKEY_TTL_S = 60 * 60
SESSION_TTL_S = 24 * 60 * 60

_RETRY_AFTER_S = 1.0
# What redis.asyncio lets through when the server cannot be reached, refuses (out of memory, read-only) or is too slow.
_TROUBLE = (exceptions.RedisError, exceptions.RedisClusterException, OSError, asyncio.TimeoutError)

Result = TypeVar("Result")


def token_hash(token: str) -> str:
    """SHA-256 of a verification token, hex: what is stored and what cache keys are made of, never the token itself."""
    return hashlib.sha256(token.encode()).hexdigest()


def verify_key(token: str) -> str:
    """Key of what a verification token stands for."""
    return verify_key_of_hash(token_hash(token))


def verify_key_of_hash(hashed_token: str) -> str:
    """The same key from the stored hash: tombstones can be set when the token itself cannot be read any more."""
    return f"verify:{hashed_token}"


def session_key(user_id: str) -> str:
    """Key of a user's sessions."""
    return f"session:{user_id}"


def score_key(user_id: str) -> str:
    """Key of a user's latest score."""
    return f"score:{user_id}"


def apikey_key(prefix: str) -> str:
    """Key of what an API key's 16-character prefix stands for."""
    return f"apikey:{prefix}"


class Cache:
    """Bytes by exact key, each with a time to live. Every method raises `errors.Unavailable` on trouble."""

    def __init__(self, client: redis_asyncio.Redis) -> None:
        self.redis = client

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is absent or expired."""
        call: Awaitable[Any] = self.redis.get(key)
        value: bytes | None = await reached(call)
        return value

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys, in one round trip."""
        if not keys:
            return []
        call: Awaitable[Any] = self.redis.mget(keys)
        values: list[bytes | None] = await reached(call)
        return values

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Set, whatever was there."""
        await reached(self.redis.set(key, value, px=_milliseconds(ttl_s)))

    async def set_many(self, values: Mapping[str, bytes], ttl_s: float) -> None:
        """Set all, whatever was there, in one round trip."""
        await self._set_all(values, ttl_s, only_absent=False)

    async def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        """Set only what is absent. Whether it was set."""
        return bool(await reached(self.redis.set(key, value, px=_milliseconds(ttl_s), nx=True)))

    async def add_many(self, values: Mapping[str, bytes], ttl_s: float) -> list[bool]:
        """Set those that are absent, in one round trip. Whether each was set, in order."""
        return [bool(done) for done in await self._set_all(values, ttl_s, only_absent=True)]

    async def bury(self, *keys: str) -> None:
        """Put a tombstone on each key for 15 minutes, in one round trip."""
        await self.set_many(dict.fromkeys(keys, TOMBSTONE), TOMBSTONE_TTL_S)

    async def delete(self, *keys: str) -> None:
        """Remove; absent keys are no matter. Never for a key that may carry a tombstone: `bury` it instead."""
        if keys:
            await reached(self.redis.delete(*keys))

    def windows(self, prefix: str) -> FixedWindowRateLimiter:
        """Budgets in fixed windows (package `limits`) on the same connections. Await its calls through `reached`."""
        from limits.aio.storage import RedisStorage
        from limits.aio.strategies import FixedWindowRateLimiter

        pool: Any = self.redis.connection_pool
        # The address is not used, since the pool knows it; the package only reads the scheme.
        storage = RedisStorage("async+redis://", implementation="redispy", key_prefix=prefix, connection_pool=pool)
        return FixedWindowRateLimiter(storage)

    async def ping(self) -> None:
        """Raise `errors.Unavailable` unless the server answers."""
        await reached(self.redis.ping())

    async def close(self) -> None:
        """Let go of every connection."""
        await self.redis.aclose(close_connection_pool=True)

    async def _set_all(self, values: Mapping[str, bytes], ttl_s: float, *, only_absent: bool) -> list[Any]:
        if not values:
            return []
        pipeline = self.redis.pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(key, value, px=_milliseconds(ttl_s), nx=only_absent)
        results: list[Any] = await reached(pipeline.execute())
        return results


class ClusterCache(Cache):
    """The cache on a cluster: keys lie on many servers, so that many keys are a call to each server they lie on."""

    def __init__(self, client: redis_asyncio.RedisCluster, room: redis_clients.Room) -> None:
        super().__init__(cast(Any, client))
        self._cluster = client
        # The cluster's client refuses where the others wait.
        self._turns, self._wait_s = asyncio.Semaphore(room.connections), room.wait_s

    async def get(self, key: str) -> bytes | None:
        async with self._turn():
            return await super().get(key)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        async with self._turn():
            values: list[bytes | None] = await reached(self._cluster.mget_nonatomic(keys))
            return values

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        async with self._turn():
            await super().set(key, value, ttl_s)

    async def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        async with self._turn():
            return await super().add(key, value, ttl_s)

    async def delete(self, *keys: str) -> None:
        async with self._turn():
            await super().delete(*keys)

    def windows(self, prefix: str) -> FixedWindowRateLimiter:
        from limits.aio import storage
        from limits.aio.strategies import FixedWindowRateLimiter

        client: Any = self._cluster

        class SharedStorage(storage.RedisClusterStorage):
            def configure_bridge(self) -> None:
                bridge: Any = self.bridge
                bridge.storage, bridge.connection_getter = client, lambda _: client

        # The address is not used, since the client knows it.
        shared = SharedStorage("async+redis+cluster://host:1", implementation="redispy", key_prefix=prefix)
        return FixedWindowRateLimiter(shared)

    async def close(self) -> None:
        await self._cluster.aclose()

    async def _set_all(self, values: Mapping[str, bytes], ttl_s: float, *, only_absent: bool) -> list[Any]:
        async with self._turn():
            return await super()._set_all(values, ttl_s, only_absent=only_absent)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError as late:
            raise errors.Unavailable(redis_clients.problem(late), retry_after_s=_RETRY_AFTER_S) from late
        try:
            yield
        finally:
            self._turns.release()


async def reached(call: Awaitable[Result]) -> Result:
    """The result of a call on the raw client, with its troubles as `errors.Unavailable`."""
    try:
        return await call
    except _TROUBLE as trouble:
        raise errors.Unavailable(redis_clients.problem(trouble), retry_after_s=_RETRY_AFTER_S) from trouble


def open_cache(url: str, data: Path) -> Cache:  # noqa: ARG001 - every opener takes the data folder; no cache lies in it
    """The cache at a URL that `mesh.redis_clients` knows, or `memory:` (this process only). Connects at first use.

    Raises:
        mesh.settings.SettingsError: the URL is wrong; the message names CREDPASS_CACHE_URL.
    """
    client = redis_clients.open_client(url)
    if isinstance(client, redis_asyncio.RedisCluster):
        return ClusterCache(client, redis_clients.room(url))
    return Cache(client)


def _milliseconds(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))
