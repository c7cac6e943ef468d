"""The gateway, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from google.protobuf.descriptor import ServiceDescriptor

from gateway import pages, principals, routes, transcoding
from gateway.app import Gateway
from gateway.batching import Coalesced
from gateway.endpoints import Door, Endpoint, Unary
from gateway.http import Request, Response
from gateway.idempotency import Keyed
from gateway.limits import Limits
from gateway.settings import Settings
from gateway.streaming import ServerStream, Upload
from mesh import cache, clock, errors, sessions
from mesh.rpc import channels

PROBE_TIMEOUT_S = 2.0


@contextlib.asynccontextmanager
async def build(
    own: Settings,
    store: cache.Cache,
    now: clock.Clock,
    links: channels.Channels,
    services: Sequence[ServiceDescriptor] | None = None,
) -> AsyncIterator[tuple[Gateway, Readiness]]:
    """The gateway over its channels; `services` defaults to every contract that has a route."""
    outside = routes.outside_services(services)
    keys = principals.SigningKeys(links, now)
    authenticator = principals.Authenticator(links, keys, sessions.Sessions(store, now), now)
    door = Door(authenticator, Limits(store, own.budgets, now), own)
    compiled = routes.transcoder(outside)
    stubs = {service.full_name: routes.stub_of(links, service) for service in outside}
    endpoints = {route: _endpoint(door, route, compiled, stubs) for route in compiled.routes}
    async with contextlib.AsyncExitStack() as stack:
        for endpoint in endpoints.values():
            if isinstance(endpoint, Coalesced):
                stack.push_async_callback(endpoint.close)
        readiness = Readiness(keys, store)
        served = {**pages.documentation(), **_live_pages(keys, readiness)}
        yield Gateway(compiled, endpoints, served, own), readiness


def _endpoint(
    door: Door, route: transcoding.Route, compiled: transcoding.Transcoder, stubs: dict[str, Any]
) -> Endpoint:
    """The kind of endpoint that a method's contract asks for."""
    service = route.method.containing_service
    stub, said = stubs[service.full_name], routes.outside_policy(route.method)
    call = getattr(stub, route.method.name)
    if said.takes_key:
        plain = Upload(door, route, said, call, compiled) if route.client_streaming else Unary(door, route, said, call)
        return Keyed(plain)
    if route.client_streaming:
        return Upload(door, route, said, call, compiled)
    if route.server_streaming:
        return ServerStream(door, route, said, call)
    if said.batch and door.settings.coalescing:
        return Coalesced(door, route, said, getattr(stub, said.batch))
    return Unary(door, route, said, call)


class Readiness:
    """What keeps the gateway from answering: the cache (budgets) or auth (keys) out of reach."""

    def __init__(self, keys: principals.SigningKeys, store: cache.Cache) -> None:
        self._keys, self._store = keys, store

    async def troubles(self) -> dict[str, str]:
        """By name of what is wrong."""
        probes = {"cache": self._store.ping, "auth": self._keys.published}
        found = {}
        for name, probe in probes.items():
            try:
                async with asyncio.timeout(PROBE_TIMEOUT_S):
                    await probe()
            except (errors.ServiceError, TimeoutError):
                found[name] = "cannot be reached"
        return found


def _live_pages(keys: principals.SigningKeys, readiness: Readiness) -> dict[str, pages.Page]:
    async def alive(_: Request) -> Response:
        return Response(200, b'{"status":"alive"}')

    async def ready(_: Request) -> Response:
        if troubles := await readiness.troubles():
            body = orjson.dumps({"status": "not ready", "troubles": troubles})
            return Response(503, body, [("retry-after", "1")])
        return Response(200, b'{"status":"ready"}')

    async def signing_keys(request: Request) -> Response:
        body = orjson.dumps({"keys": await keys.published()})
        return pages.with_etag(request, Response(200, body, content_type="application/jwk-set+json"))

    return {"/healthz": alive, "/readyz": ready, "/.well-known/jwks.json": signing_keys}
