"""Rate limits, drawn from the shared cache in leases.

A budget is a fixed window in Redis (package `limits`). A gateway draws a lease of several requests at once and serves
them without a round trip; a lease ends with its window. So the total of all gateways never exceeds the budget, and may
fall short of it by one lease a gateway.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Mapping

import limits

from mesh import cache, clock, errors

LEASES_PER_WINDOW = 50
MAX_LEASE = 200
MAX_IDENTITIES = 20_000


@dataclasses.dataclass(slots=True)
class Standing:
    """How a caller stands after a request: what the RateLimit headers say."""

    policy: str
    quota: int
    window_s: int
    remaining: int
    reset_s: int

    def headers(self) -> list[tuple[str, str]]:
        """RateLimit-Policy and RateLimit as in draft-ietf-httpapi-ratelimit-headers-10."""
        return [
            ("ratelimit-policy", f'"{self.policy}";q={self.quota};w={self.window_s}'),
            ("ratelimit", f'"{self.policy}";r={self.remaining};t={self.reset_s}'),
        ]


class BudgetExceeded(errors.RateLimited):
    """The caller's budget is used up until the window ends."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(retry_after_s=standing.reset_s)
        self.standing = standing


@dataclasses.dataclass(slots=True)
class Lease:
    """Requests drawn from a window and not used yet, and what the window still held then."""

    left: int
    behind: int
    ends_at_s: float


@dataclasses.dataclass(slots=True)
class Drawing:
    """The drawing of a lease; `requests` hold or await its lock, and with the last of them it is forgotten."""

    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    requests: int = 0


class Limits:
    """The budgets of the rate classes."""

    def __init__(self, store: cache.Cache, budgets: Mapping[str, str], now: clock.Clock) -> None:
        self._limiter = store.windows("ratelimit")
        self._items = {name: limits.parse(text) for name, text in budgets.items()}
        self._clock = now
        self._leases: dict[tuple[str, str], Lease] = {}
        self._drawing: dict[tuple[str, str], Drawing] = {}

    async def take(self, policy: str, identity: str) -> Standing:
        """Take one request of `identity` from the budget of its class.

        Raises:
            BudgetExceeded: nothing is left in this window.
            errors.Unavailable: the cache cannot be reached.
        """
        key = (policy, identity)
        now_s = self._clock.now().timestamp()
        lease = self._leases.get(key)
        if lease is None or lease.left <= 0 or lease.ends_at_s <= now_s:
            lease = await self._renew(key)
        lease.left -= 1
        return self._standing(policy, lease, now_s)

    async def _renew(self, key: tuple[str, str]) -> Lease:
        """Draw a new lease, once for all requests that wait for it."""
        drawing = self._drawing.setdefault(key, Drawing())
        drawing.requests += 1
        try:
            async with drawing.lock:
                lease = self._leases.get(key)
                if lease is not None and lease.left > 0 and lease.ends_at_s > self._clock.now().timestamp():
                    return lease
                return await self._draw(key)
        finally:
            drawing.requests -= 1
            if not drawing.requests:
                del self._drawing[key]

    async def _draw(self, key: tuple[str, str]) -> Lease:
        policy, identity = key
        item = self._items[policy]
        size = max(1, min(MAX_LEASE, item.amount // LEASES_PER_WINDOW))
        granted = await cache.reached(self._limiter.hit(item, policy, identity, cost=size))
        window = await cache.reached(self._limiter.get_window_stats(item, policy, identity))
        lease = Lease(size if granted else 0, window.remaining, window.reset_time)
        if not granted:
            raise BudgetExceeded(self._standing(policy, lease, self._clock.now().timestamp()))
        self._remember(key, lease)
        return lease

    def _remember(self, key: tuple[str, str], lease: Lease) -> None:
        """Keep the lease, and the table bounded: what has ended goes first."""
        if len(self._leases) >= MAX_IDENTITIES:
            now_s = self._clock.now().timestamp()
            self._leases = {other: held for other, held in self._leases.items() if held.ends_at_s > now_s}
            while len(self._leases) >= MAX_IDENTITIES:
                self._leases.pop(next(iter(self._leases)))
        self._leases[key] = lease

    def _standing(self, policy: str, lease: Lease, now_s: float) -> Standing:
        item = self._items[policy]
        remaining = max(0, lease.left + lease.behind)
        reset_s = min(item.get_expiry(), max(1, math.ceil(lease.ends_at_s - now_s)))
        return Standing(policy, item.amount, item.get_expiry(), remaining, reset_s)
