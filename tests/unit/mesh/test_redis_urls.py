"""What the cache's URLs say."""

from __future__ import annotations

import pytest
import redis.asyncio as redis_asyncio

from mesh import redis_clients, settings


def test_sentinel_url_names_servers_service_database_and_two_passwords() -> None:
    found = redis_clients.address(
        "redis+sentinel://app:p%40ss@one:1,[::1]:2,three/my-service/4"
        "?sentinel_username=watch&sentinel_password=w&socket_timeout=0.5",
        26379,
    )
    assert found.servers == (("one", 1), ("::1", 2), ("three", 26379))
    assert found.service == "my-service"
    assert found.options == {"username": "app", "password": "p@ss", "db": 4, "socket_timeout": 0.5}
    assert found.sentinel_options == {"username": "watch", "password": "w", "socket_timeout": 0.5}
    assert "p@ss" not in repr(found)


def test_tls_is_for_every_server() -> None:
    found = redis_clients.address("rediss+sentinel://one/service?ssl_ca_certs=/ca.pem", 26379)
    assert found.options == found.sentinel_options == {"ssl": True, "ssl_ca_certs": "/ca.pem"}


def test_cluster_url_names_servers_and_no_database() -> None:
    found = redis_clients.address("rediss+cluster://:secret@one:1,two", 6379)
    assert found.servers == (("one", 1), ("two", 6379))
    assert found.options == {"password": "secret", "ssl": True}


@pytest.mark.parametrize("url", ["redis+cluster://", "redis+cluster://one,,two", "redis+sentinel://one/s/x"])
def test_url_that_names_no_server_or_no_number_is_wrong(url: str) -> None:
    with pytest.raises(ValueError):
        redis_clients.address(url, 6379)


async def test_kind_of_client_follows_the_scheme() -> None:
    for url, kind in (
        ("memory:", redis_asyncio.Redis),
        ("redis://host", redis_asyncio.Redis),
        ("rediss://host?ssl_ca_certs=/ca.pem", redis_asyncio.Redis),
        ("redis+sentinel://host/service", redis_asyncio.Redis),
        ("redis+cluster://host", redis_asyncio.RedisCluster),
        ("rediss+cluster://host?ssl_ca_certs=/ca.pem", redis_asyncio.RedisCluster),
    ):
        client = redis_clients.open_client(url)
        assert isinstance(client, kind)
        await client.aclose()


@pytest.mark.parametrize("form", ["", "+sentinel", "+cluster"])
def test_with_tls_fewer_connections_are_opened_at_once_and_waited_for_longer(form: str) -> None:
    plain, encrypted = (redis_clients.room(f"{scheme}{form}://host") for scheme in ("redis", "rediss"))
    assert encrypted.connections < plain.connections
    assert encrypted.wait_s > plain.wait_s


@pytest.mark.parametrize("option", ["ssl_cert_reqs=none", "ssl_cert_reqs=optional", "ssl_check_hostname=false"])
@pytest.mark.parametrize(
    "url", ["rediss://:geheim@host/0", "rediss+sentinel://:geheim@host/s", "rediss+cluster://:geheim@h"]
)
def test_what_weakens_tls_is_refused_by_name(url: str, option: str) -> None:
    with pytest.raises(settings.SettingsError, match=rf"^CREDPASS_CACHE_URL: {option.partition('=')[0]} ") as caught:
        redis_clients.open_client(f"{url}?{option}")
    assert "geheim" not in str(caught.value)


async def test_tls_that_is_asked_for_in_full_is_taken() -> None:
    client = redis_clients.open_client("rediss://host/0?ssl_cert_reqs=required&ssl_check_hostname=True")
    await client.aclose()
