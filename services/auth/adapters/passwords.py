"""Argon2id in a bounded pool of threads (argon2 and bcrypt let go of the interpreter lock while they work)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent import futures
from typing import TypeVar

import pwdlib
from pwdlib.hashers import argon2, bcrypt

from mesh import errors
from services.auth.domain import users

Result = TypeVar("Result")

# bcrypt reads no further; its library raises on more (bcrypt 5), those that wrote old hashes cut.
_BCRYPT_BYTES = 72
_RETRY_AFTER_S = 1.0
# As argon2-cffi makes them.
_SALT_BYTES = 16
_DIGEST_BYTES = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """Argon2id parameters: the second choice of RFC 9106, section 4 (64 MiB, three passes, four lanes)."""

    time: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """`ports.PasswordVerdict`."""

    right: bool
    better_hash: str | None = dataclasses.field(default=None, repr=False)


class _CuttingBcrypt(bcrypt.BcryptHasher):
    """Checks old hashes as they were made: over the first 72 bytes."""

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - the library's name
        encoded = password.encode() if isinstance(password, str) else password
        return super().verify(encoded[:_BCRYPT_BYTES], hash)


class PasswordPool:
    """`ports.Passwords`: at most `workers` hashes at once and `waiting` behind them, then Overloaded."""

    def __init__(self, cost: Cost, workers: int, waiting: int) -> None:
        hasher = argon2.Argon2Hasher(time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._hashes = pwdlib.PasswordHash((hasher, _CuttingBcrypt()))
        self._threads = futures.ThreadPoolExecutor(workers, thread_name_prefix="passwords")
        self._room = workers + waiting
        self._taken = 0
        self._nobody = _nobodys_hash(cost)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hashes.hash(users.normalise_password(password)))

    async def verify(self, password: str, password_hash: str | None) -> Verdict:
        return await self._run(lambda: self._verdict(users.normalise_password(password), password_hash))

    def close(self) -> None:
        """Wait for what is under way and let go of the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verdict(self, password: str, password_hash: str | None) -> Verdict:
        right, better = self._hashes.verify_and_update(password, password_hash or self._nobody)
        return Verdict(right and password_hash is not None, better)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._taken >= self._room:
            raise errors.Overloaded(retry_after_s=_RETRY_AFTER_S)
        self._taken += 1
        task = self._threads.submit(work)
        # The place is free when the thread is, not when a caller stops waiting.
        loop = asyncio.get_running_loop()
        task.add_done_callback(lambda _: self._give_back(loop))
        return await asyncio.wrap_future(task)

    def _give_back(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for a place any more
            loop.call_soon_threadsafe(self._free)

    def _free(self) -> None:
        self._taken -= 1


def _nobodys_hash(cost: Cost) -> str:
    """What is checked where there is no account: a hash of no password, as dear to check as a real one."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _DIGEST_BYTES)
    )
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.time},p={cost.lanes}${salt}${digest}"


@contextlib.asynccontextmanager
async def open_pool(cost: Cost, workers: int, waiting: int) -> AsyncIterator[PasswordPool]:
    pool = PasswordPool(cost, workers, waiting)
    try:
        yield pool
    finally:
        await asyncio.to_thread(pool.close)
