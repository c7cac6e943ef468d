"""Which of a user's sessions have ended: lets the edge refuse access tokens that have not expired yet.

One sorted set a user, `session:{userId}`: a live session has minus its opening time as score, an ended one plus its
ending time (epoch seconds), so that one command tells, sets and prunes. It outlives any access token (15 min) and is
never the only copy: auth's own records decide at the next refresh.
"""

from __future__ import annotations

from mesh import cache, clock


class Sessions:
    """Ended sessions, in the cache. Every method raises `errors.Unavailable` when it cannot be reached."""

    def __init__(self, store: cache.Cache, time: clock.Clock | None = None) -> None:
        self._cache = store
        self._clock = time or clock.SystemClock()

    async def open(self, user_id: str, session_id: str) -> None:
        """A session begins. One that has ended stays ended."""
        await self._write(user_id, {session_id: -self._now_s()}, only_absent=True)

    async def end(self, user_id: str, *session_ids: str) -> None:
        """Sessions end: their access tokens are refused from now on."""
        if session_ids:
            await self._write(user_id, dict.fromkeys(session_ids, self._now_s()), only_absent=False)

    async def is_ended(self, user_id: str, session_id: str) -> bool:
        """Whether the session is known to have ended."""
        score = await cache.reached(self._cache.redis.zscore(cache.session_key(user_id), session_id))
        return score is not None and float(score) > 0

    async def _write(self, user_id: str, scores: dict[str, float], *, only_absent: bool) -> None:
        key, oldest_s = cache.session_key(user_id), self._now_s() - cache.SESSION_TTL_S
        pipeline = self._cache.redis.pipeline(transaction=True)
        pipeline.zadd(key, scores, nx=only_absent)
        pipeline.zremrangebyscore(key, -oldest_s, oldest_s)
        pipeline.expire(key, cache.SESSION_TTL_S)
        await cache.reached(pipeline.execute())

    def _now_s(self) -> float:
        return self._clock.now().timestamp()
