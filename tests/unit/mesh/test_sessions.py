from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh import cache, sessions
from tests.support import redis_server


class HandClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[cache.Cache]:
    opened = cache.open_cache("memory:", tmp_path)
    yield opened
    await opened.close()


async def test_only_the_ended_session_is_ended(store: cache.Cache) -> None:
    known = sessions.Sessions(store)
    await known.open("user_1", "a")
    await known.open("user_1", "b")
    await known.end("user_1", "a")
    assert await known.is_ended("user_1", "a")
    assert not await known.is_ended("user_1", "b")
    assert not await known.is_ended("user_1", "never")
    assert not await known.is_ended("user_2", "a")


async def test_ended_session_is_not_opened_again(store: cache.Cache) -> None:
    known = sessions.Sessions(store)
    await known.end("user_1", "a")
    await known.open("user_1", "a")
    assert await known.is_ended("user_1", "a")


async def test_many_end_at_once_and_none_is_harmless(store: cache.Cache) -> None:
    known = sessions.Sessions(store)
    await known.end("user_1")
    await known.end("user_1", "a", "b")
    assert [await known.is_ended("user_1", name) for name in "ab"] == [True, True]


async def test_what_is_older_than_a_day_goes_and_the_rest_stays(store: cache.Cache) -> None:
    clock = HandClock()
    known = sessions.Sessions(store, clock)
    await known.open("user_1", "old")
    await known.end("user_1", "older")
    clock.time += timedelta(hours=23)
    await known.end("user_1", "recent")
    clock.time += timedelta(hours=2)
    await known.open("user_1", "new")
    members = await store.redis.zrange(cache.session_key("user_1"), 0, -1)
    assert set(members) == {b"recent", b"new"}
    assert 0 < await store.redis.ttl(cache.session_key("user_1")) <= cache.SESSION_TTL_S


@pytest.mark.redis
async def test_sessions_stand_on_a_real_server_too(tmp_path: Path) -> None:
    with redis_server.running(tmp_path) as url:
        store = cache.open_cache(url, tmp_path)
        known = sessions.Sessions(store)
        await known.open("user_real", "a")
        await known.end("user_real", "a")
        assert await known.is_ended("user_real", "a")
        await store.delete(cache.session_key("user_real"))
        await store.close()
