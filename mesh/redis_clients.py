"""Clients of Redis by URL: one server, a master that Sentinel names, a cluster, or a stand-in in this process.

- `redis://user:password@host:port/db`; `rediss://...?ssl_ca_certs=ca.pem` with TLS.
- `redis+sentinel://user:password@host:port,host:port/service/db?sentinel_username=...&sentinel_password=...`.
- `redis+cluster://user:password@host:port,host:port`.
- `rediss+sentinel://`, `rediss+cluster://`: the same with TLS to every server.
- `memory:`.
"""

from __future__ import annotations

import dataclasses
import functools
import ssl
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import redis.asyncio as redis_asyncio
from redis import backoff, exceptions
from redis.asyncio import cluster, connection, retry, sentinel

from mesh import settings, urls

VARIABLE = "CREDPASS_CACHE_URL"
CONNECTIONS = 64
POOL_TIMEOUT_S = 2.0
_CONNECT_TIMEOUT_S = 1.0
_SOCKET_TIMEOUT_S = 2.0
# The library builds a TLS context for each connection, tens of milliseconds of CPU: fewer of them, and time for it.
_TLS_CONNECTIONS = 16
_TLS_CONNECT_TIMEOUT_S = 5.0
# A cluster's client raises past this many to one node; its callers wait their turn before they come near it.
_NODE_CONNECTIONS = 4 * CONNECTIONS
_SENTINEL_PORT = 26379
_REDIS_PORT = 6379
_OF_SENTINEL = "sentinel_"
# What a URL may say of whom TLS trusts: nothing weaker than the default.
_TLS_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "ssl_cert_reqs": ("required",),
    "ssl_check_hostname": ("true", "1", "yes", "y", "t"),
}
# How the library's own errors hang together is its business; a cause lies no deeper than this.
_CAUSES = 8
_REFUSALS = (
    exceptions.AuthenticationError,
    exceptions.AuthenticationWrongNumberOfArgsError,
    exceptions.NoPermissionError,
)


@dataclasses.dataclass(frozen=True)
class Address:
    """What a URL with several servers says. `options`: what every connection takes, the password among them."""

    servers: tuple[tuple[str, int], ...]
    service: str
    options: Mapping[str, Any] = dataclasses.field(repr=False)
    sentinel_options: Mapping[str, Any] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """How many commands go out at once, and how long one more waits for its turn."""

    connections: int
    wait_s: float


class _SentinelPool(sentinel.SentinelConnectionPool, redis_asyncio.BlockingConnectionPool):
    """Connections to whichever server Sentinel calls the master; callers past the last connection wait."""

    async def aclose(self) -> None:
        await super().aclose()
        for each in self.sentinel_manager.sentinels:
            await each.aclose()


def open_client(url: str) -> Any:
    """The client at a URL, not connected yet: `redis.asyncio.Redis`, or `RedisCluster` for a cluster.

    Raises:
        settings.SettingsError: the URL is wrong; the message shows nothing of it but its scheme.
    """
    scheme = urls.scheme(url)
    if scheme not in _OPENERS:
        raise urls.unknown(VARIABLE, url, *_OPENERS)
    _refuse_weaker(url)
    try:
        return _OPENERS[scheme](url)
    except (
        ValueError,
        TypeError,
        exceptions.RedisError,
        exceptions.RedisClusterException,
    ):  # its text may quote the password
        raise settings.SettingsError(f"{VARIABLE}: not a Redis URL") from None


def _refuse_weaker(url: str) -> None:
    for name, value in urllib.parse.parse_qsl(url.partition("?")[2], keep_blank_values=True):
        wanted = _TLS_OPTIONS.get(name.removeprefix(_OF_SENTINEL))
        if wanted is not None and value.lower() not in wanted:
            raise settings.SettingsError(f"{VARIABLE}: {name} must be {wanted[0]}, or left out")


def room(url: str) -> Room:
    """The room of the client at a URL."""
    return _room(tls=urls.scheme(url).startswith("rediss"))


def problem(trouble: BaseException) -> str:
    """What keeps the cache from answering, in one sentence that shows nothing of the server or its password."""
    causes = list(_causes(trouble))
    if any(isinstance(cause, _REFUSALS) for cause in causes):
        return "The cache refuses the credentials."
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "The cache shows no certificate that is trusted, or speaks no TLS."
    if any(isinstance(cause, sentinel.MasterNotFoundError) for cause in causes):
        return "No Sentinel can be reached that takes the credentials and knows a master of that name."
    return "The cache cannot be reached."


def _causes(trouble: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = trouble
    for _ in range(_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def address(url: str, default_port: int) -> Address:
    """A URL that may name several servers. Raises ValueError."""
    parts = urllib.parse.urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    servers = tuple(_server(host, default_port) for host in hosts.split(","))
    service, _, database = parts.path.strip("/").partition("/")
    if "sentinel" not in parts.scheme:
        service, database = "", service
    if database and not database.isdecimal():
        raise ValueError("the database is no number")
    base = parts.scheme.partition("+")[0]
    query = urllib.parse.parse_qsl(parts.query)
    # The library knows the types of all options; it reads them from the URL of a single server.
    options = connection.parse_url(f"{base}://{user}{at}host/{database}?{_query(query, of_sentinel=False)}")
    sentinel_options = connection.parse_url(f"{base}://host?{_query(query, of_sentinel=True)}")
    return Address(servers, urllib.parse.unquote(service), _bare(options), _bare(sentinel_options))


def _query(query: list[tuple[str, str]], *, of_sentinel: bool) -> str:
    # Sentinel has users of its own, while certificates and timeouts are the same for all.
    own = [(name.removeprefix(_OF_SENTINEL), value) for name, value in query if name.startswith(_OF_SENTINEL)]
    rest = [(name, value) for name, value in query if not name.startswith(_OF_SENTINEL)]
    return urllib.parse.urlencode([*rest, *own] if of_sentinel else rest)


def _bare(options: Mapping[str, Any]) -> dict[str, Any]:
    bare = {name: value for name, value in options.items() if name not in {"host", "port", "connection_class"}}
    return {**bare, "ssl": True} if "connection_class" in options else bare


def _server(text: str, default_port: int) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("a server has no name")
    return parts.hostname, parts.port or default_port


def _one_server(url: str) -> redis_asyncio.Redis:
    return redis_asyncio.Redis(
        connection_pool=redis_asyncio.BlockingConnectionPool.from_url(
            url, **_pool_options(tls=urls.scheme(url) == "rediss")
        )
    )


def _sentinel_master(url: str) -> redis_asyncio.Redis:
    found = address(url, _SENTINEL_PORT)
    if not found.service:
        raise ValueError("names no service")
    tls = "ssl" in found.options
    # Each Sentinel is asked once, then the next one: by itself the library asks each eleven times.
    known = {"retry": retry.Retry(backoff.NoBackoff(), 0), **_timeouts(tls=tls), **found.sentinel_options}
    pool = _pool_options(tls=tls)
    watchers = sentinel.Sentinel(found.servers, sentinel_kwargs=known)  # type: ignore[no-untyped-call]
    master = _SentinelPool(found.service, watchers, **{**pool, **found.options})  # type: ignore[no-untyped-call]
    return redis_asyncio.Redis(connection_pool=master)


def _cluster(url: str) -> redis_asyncio.RedisCluster:
    found = address(url, _REDIS_PORT)
    nodes = [cluster.ClusterNode(host, port) for host, port in found.servers]
    # What changes in a cluster is asked for anew between attempts.
    attempts = retry.Retry(backoff.ConstantBackoff(0.1), 3)
    options = {
        "max_connections": _NODE_CONNECTIONS,
        "retry": attempts,
        **_timeouts(tls="ssl" in found.options),
        **found.options,
    }
    # By default every fifth redirection closes all connections, those with calls under way too, and these calls break.
    return redis_asyncio.RedisCluster(startup_nodes=nodes, reinitialize_steps=0, **options)


def _memory(_: str) -> redis_asyncio.Redis:
    import fakeredis

    pool: Any = functools.partial(
        redis_asyncio.BlockingConnectionPool, max_connections=CONNECTIONS, timeout=POOL_TIMEOUT_S
    )
    return fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), connection_pool_class=pool, protocol=2)


def _pool_options(*, tls: bool) -> dict[str, Any]:
    # The default pool raises past its size; this one waits. One retry mends a connection that went stale while idle.
    once = retry.Retry(backoff.NoBackoff(), 1, (exceptions.ConnectionError,))
    found = _room(tls=tls)
    return {"max_connections": found.connections, "timeout": found.wait_s, "retry": once, **_timeouts(tls=tls)}


def _room(*, tls: bool) -> Room:
    # Who waits for a connection may wait for the making of one.
    wait_s = max(POOL_TIMEOUT_S, _timeouts(tls=tls)["socket_connect_timeout"])
    return Room(_TLS_CONNECTIONS if tls else CONNECTIONS, wait_s)


def _timeouts(*, tls: bool) -> dict[str, Any]:
    connect_s = _TLS_CONNECT_TIMEOUT_S if tls else _CONNECT_TIMEOUT_S
    return {"socket_timeout": _SOCKET_TIMEOUT_S, "socket_connect_timeout": connect_s, "protocol": 2}


_OPENERS: Mapping[str, Callable[[str], Any]] = {
    "memory": _memory,
    "redis": _one_server,
    "rediss": _one_server,
    "redis+sentinel": _sentinel_master,
    "rediss+sentinel": _sentinel_master,
    "redis+cluster": _cluster,
    "rediss+cluster": _cluster,
}
