"""What every cache keeps: in this process (fakeredis) and on a real redis-server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import limits
import pytest

from mesh import cache, errors, ids, settings
from tests.support import loopback_certificates, redis_forms, redis_server

FORMS: dict[str, Callable[[Path], contextlib.AbstractContextManager[str]]] = {
    "redis": redis_server.running,
    "password": redis_forms.with_password,
    "tls": redis_forms.with_tls,
    "sentinel": redis_forms.with_sentinel,
    "cluster": redis_forms.as_cluster,
}


@pytest.fixture(
    scope="module",
    params=["memory", *(pytest.param(form, marks=pytest.mark.redis) for form in FORMS)],
)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "memory":
        yield "memory:"
        return
    with FORMS[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[cache.Cache]:
    opened = cache.open_cache(url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def key() -> str:
    return ids.new_id("test")


async def _gone(store: cache.Cache, key: str) -> bool:
    async with asyncio.timeout(10):
        while await store.get(key) is not None:  # noqa: ASYNC110 - the server's own clock decides
            await asyncio.sleep(0.01)
    return True


async def test_value_is_read_as_it_was_set(store: cache.Cache, key: str) -> None:
    await store.set(key, b"\x00\xffvalue", 60)
    assert await store.get(key) == b"\x00\xffvalue"


async def test_absent_key_is_none(store: cache.Cache, key: str) -> None:
    assert await store.get(key) is None


async def test_many_come_in_the_order_asked_with_none_for_the_absent(store: cache.Cache, key: str) -> None:
    await store.set_many({f"{key}:a": b"1", f"{key}:b": b"2"}, 60)
    assert await store.get_many([f"{key}:b", f"{key}:none", f"{key}:a"]) == [b"2", None, b"1"]
    assert await store.get_many([]) == []


async def test_value_goes_after_its_time(store: cache.Cache, key: str) -> None:
    await store.set(key, b"1", 0.05)
    await store.set_many({f"{key}:many": b"1"}, 0.05)
    assert await _gone(store, key)
    assert await _gone(store, f"{key}:many")


async def test_set_replaces_value_and_time(store: cache.Cache, key: str) -> None:
    await store.set(key, b"1", 0.05)
    await store.set(key, b"2", 60)
    assert await store.get(key) == b"2"
    assert await store.redis.pttl(key) > 1000


async def test_add_takes_only_what_is_absent(store: cache.Cache, key: str) -> None:
    assert await store.add(key, b"1", 60)
    assert not await store.add(key, b"2", 60)
    assert await store.get(key) == b"1"


async def test_fill_never_overwrites_a_tombstone(store: cache.Cache, key: str) -> None:
    await store.set(f"{key}:a", b"stale", 60)
    await store.bury(f"{key}:a", f"{key}:b")
    assert await store.add_many({f"{key}:a": b"1", f"{key}:c": b"2", f"{key}:b": b"3"}, 60) == [False, True, False]
    assert await store.get_many([f"{key}:a", f"{key}:b"]) == [cache.TOMBSTONE, cache.TOMBSTONE]


async def test_tombstone_outlives_any_fill_that_began_before_it(store: cache.Cache, key: str) -> None:
    await store.bury(key)
    assert await store.redis.pttl(key) > cache.VERIFY_TTL_S * 1000


async def test_delete_is_harmless_where_nothing_is(store: cache.Cache, key: str) -> None:
    await store.set(key, b"1", 60)
    await store.delete(key, f"{key}:none")
    await store.delete(key)
    await store.delete()
    assert await store.get(key) is None


async def test_more_callers_than_connections_wait_their_turn(store: cache.Cache, key: str) -> None:
    await asyncio.gather(*(store.set(f"{key}:{number}", b"%d" % number, 60) for number in range(300)))
    values = await asyncio.gather(*(store.get(f"{key}:{number}") for number in range(300)))
    assert values == [b"%d" % number for number in range(300)]


async def test_scripts_run(store: cache.Cache, key: str) -> None:
    await store.set(key, b"7", 60)
    assert await store.redis.eval("return redis.call('GET', KEYS[1])", 1, key) == b"7"


async def test_windows_share_their_budget_over_all_processes(store: cache.Cache, url: str, tmp_path: Path) -> None:
    budget, name = limits.RateLimitItemPerHour(5), ids.new_id("test")
    other = store if url == "memory:" else cache.open_cache(url, tmp_path)
    windows = [each.windows("contract") for each in (store, other)]
    drawn = [await cache.reached(windows[number % 2].hit(budget, name)) for number in range(7)]
    assert drawn == [True] * 5 + [False] * 2
    await other.close()


async def test_ping_answers(store: cache.Cache) -> None:
    await store.ping()


@pytest.mark.parametrize(
    "form", ["redis://{host}/0", "redis+sentinel://{host},{host}/service", "redis+cluster://{host}"]
)
@pytest.mark.parametrize("call", ["ping", "get", "get_many", "set", "set_many", "add", "add_many", "bury", "delete"])
async def test_unreachable_server_is_unavailable(call: str, form: str, tmp_path: Path) -> None:
    store = cache.open_cache(form.format(host=f"127.0.0.1:{redis_server.free_port()}"), tmp_path)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "ping": store.ping,
        "get": lambda: store.get("k"),
        "get_many": lambda: store.get_many(["k"]),
        "set": lambda: store.set("k", b"1", 1),
        "set_many": lambda: store.set_many({"k": b"1"}, 1),
        "add": lambda: store.add("k", b"1", 1),
        "add_many": lambda: store.add_many({"k": b"1"}, 1),
        "bury": lambda: store.bury("k"),
        "delete": lambda: store.delete("k"),
    }
    with pytest.raises(errors.Unavailable):
        await calls[call]()
    await store.close()


@pytest.mark.redis
@pytest.mark.parametrize("form", ["password", "tls", "sentinel", "cluster"])
async def test_wrong_password_is_unavailable_and_shown_nowhere(form: str, tmp_path: Path) -> None:
    with FORMS[form](tmp_path) as url:
        store = cache.open_cache(url.replace(redis_forms.PASSWORD, "hunter3"), tmp_path)
        calls: tuple[Callable[[], Awaitable[object]], ...] = (
            store.ping,
            lambda: store.get("k"),
            lambda: store.set_many({"k": b"1", "l": b"2"}, 1),
        )
        for call in calls:
            with pytest.raises(errors.Unavailable) as caught:
                await call()
            assert "hunter" not in str(caught.value)
        await store.close()


@pytest.mark.redis
async def test_certificate_of_another_authority_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = loopback_certificates.write(tmp_path / "other")
    with redis_forms.with_tls(tmp_path) as url:
        for query in (f"?ssl_ca_certs={other.authority}", ""):
            store = cache.open_cache(url.partition("?")[0] + query, tmp_path)
            with pytest.raises(errors.Unavailable):
                await store.ping()
            await store.close()


@pytest.mark.redis
async def test_cache_works_again_after_the_server_was_away(tmp_path: Path) -> None:
    with redis_server.own_server(tmp_path) as server:
        store = cache.open_cache(server.url, tmp_path)
        await store.set("k", b"1", 60)
        server.stop()
        with pytest.raises(errors.Unavailable):
            await store.get("k")
        server.start()
        assert await store.get("k") is None
        await store.close()


@pytest.mark.redis
@pytest.mark.parametrize("form", [redis_forms.with_sentinel_over_tls, redis_forms.as_cluster_over_tls])
async def test_many_servers_are_reached_over_tls_and_only_with_certificates_that_are_trusted(
    form: Callable[[Path], contextlib.AbstractContextManager[str]], tmp_path: Path
) -> None:
    with form(tmp_path) as url:
        store = cache.open_cache(url, tmp_path)
        await store.set_many({f"k{number}": b"%d" % number for number in range(10)}, 60)
        assert await store.get_many([f"k{number}" for number in range(10)]) == [b"%d" % number for number in range(10)]
        await store.close()
        untrusting = cache.open_cache(url.replace("ssl_ca_certs=", "client_name="), tmp_path)
        with pytest.raises(errors.Unavailable):
            await untrusting.ping()
        await untrusting.close()


@pytest.mark.redis
async def test_cache_follows_sentinel_to_the_replica_when_the_master_is_lost(tmp_path: Path) -> None:
    with redis_forms.with_replica(tmp_path) as watched:
        store = cache.open_cache(watched.url, tmp_path)
        await store.set("k", b"1", 600)
        assert await store.redis.wait(1, 5_000) == 1  # the replica has it
        watched.lose()
        # A Sentinel that was kept waiting for seconds does nothing for 30 more (TILT).
        async with asyncio.timeout(120):
            while not await _taken(store, "l"):  # noqa: ASYNC110 - Sentinel decides
                await asyncio.sleep(0.05)
        assert await store.get_many(["k", "l"]) == [b"1", b"2"]
        await store.close()


async def _taken(store: cache.Cache, key: str) -> bool:
    try:
        await store.set(key, b"2", 600)
    except errors.Unavailable:
        return False
    return True


async def test_memory_caches_share_nothing(tmp_path: Path, key: str) -> None:
    first, second = cache.open_cache("memory:", tmp_path), cache.open_cache("memory:", tmp_path)
    await first.set(key, b"1", 60)
    assert await second.get(key) is None
    await first.close()
    await second.close()


def test_unknown_scheme_names_the_setting_and_hides_the_rest(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_CACHE_URL.*'memcached'") as caught:
        cache.open_cache("memcached://user:hunter2@host", tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "redis://:hunter2@host:port/0",
        "redis://:hunter2@host/0?socket_timeout=soon",
        "redis+sentinel://:hunter2@host:1",
        "redis+sentinel://:hunter2@host:1/service/db",
        "redis+sentinel://:hunter2@host:1,:2/service",
        "redis+sentinel://:hunter2@host:1/service?no_such_option=1",
        "redis+cluster://:hunter2@host:port",
        "redis+cluster://:hunter2@",
        "redis+cluster://:hunter2@host/1",
        "redis+cluster://:hunter2@host?no_such_option=1",
    ],
)
def test_wrong_url_names_the_setting_and_hides_the_rest(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_CACHE_URL") as caught:
        cache.open_cache(wrong, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_verify_key_does_not_show_the_token() -> None:
    assert "vt_secret" not in cache.verify_key("vt_secret")
    assert cache.verify_key("vt_secret") == cache.verify_key_of_hash(cache.token_hash("vt_secret"))
