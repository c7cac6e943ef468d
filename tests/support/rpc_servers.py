"""Real servers over real mTLS on free ports, and stubs that call them, for tests of the mesh."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import grpc

from mesh import clock as clocks
from mesh import idempotency, tls, vault
from mesh.documents import port as documents
from mesh.rpc import context
from mesh.rpc.call import Load, Surroundings
from mesh.rpc.channels import Channels
from mesh.rpc.server import Registration, Server
from mesh.settings import Settings

LOOPBACK = "127.0.0.1:0"
SYSTEM_CLOCK = clocks.SystemClock()
IDENTITIES = tls.throwaway(SYSTEM_CLOCK)

Stub = TypeVar("Stub")


@contextlib.asynccontextmanager
async def serving(
    service: str,
    registrations: Sequence[Registration],
    store: documents.Documents,
    *,
    address: str = LOOPBACK,
    identity: tls.Identity | None = None,
    concurrency: int = 100,
    drain_s: float = 5.0,
    time: clocks.Clock = SYSTEM_CLOCK,
    renew_s: float = idempotency.RENEW_S,
    users: Sequence[str] = (),
) -> AsyncIterator[Server]:
    """A server of `service` as long as the block runs.

    `renew_s`: how often it renews its hold on an idempotency key. `users`: who may send one.
    """
    async with contextlib.AsyncExitStack() as stack:
        keys = stack.enter_context(tempfile.TemporaryDirectory())
        secrets = await vault.open_vault("file:keys", Path(keys), store, time)
        stack.push_async_callback(secrets.close)
        for user_id in users:
            await secrets.create_subject(user_id)
        claims = idempotency.Claims(service, store, secrets, time, renew_s=renew_s)
        await claims.ensure()
        surroundings = Surroundings(service, store, time, Load(concurrency), claims)
        server = Server(surroundings, registrations, identity or IDENTITIES.identity(service), address)
        await server.start()
        stack.push_async_callback(server.drain, drain_s)
        yield server


@contextlib.asynccontextmanager
async def stub_of(
    factory: Callable[[grpc.aio.Channel], Stub],
    service: str,
    target: str,
    *,
    caller: str = "gateway",
    identities: tls.Tls = IDENTITIES,
) -> AsyncIterator[Stub]:
    """A stub that shows the certificate of `caller`."""
    channels = Channels(Settings(targets={service: target}), identities, caller)
    try:
        yield channels.stub(factory, service)
    finally:
        await channels.close()


def outside_call(principal: context.Principal | None = None, **parts: Any) -> context.CallInfo:
    """What the gateway knows of a request from outside."""
    told: dict[str, Any] = {"request_id": "req_1", "correlation_id": "corr_1", **parts}
    return context.CallInfo(service="gateway", method="test", principal=principal, **told)
