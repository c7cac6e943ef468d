"""The whole system in one process, and any service or the gateway in its own."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import pathlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import Any

import gateway.settings
from gateway import bootstrap
from mesh import backends, clock, logs, runner, tls, urls
from mesh import settings as mesh_settings
from mesh.rpc import channels

ANY_PORT = "127.0.0.1:0"


@dataclasses.dataclass(frozen=True)
class System:
    """A running system. `url`: where the gateway answers. `mailbox`: folder of the file mail backend, if it is that."""

    url: str
    data: pathlib.Path
    mailbox: pathlib.Path | None


@contextlib.asynccontextmanager
async def whole_system(environ: Mapping[str, str], *, throwaway: bool = False) -> AsyncIterator[System]:
    """All services and the gateway in this process and event loop, over Unix sockets with mTLS.

    `throwaway`: take any free ports, so that several can run side by side.

    Raises:
        mesh.settings.SettingsError, mesh.rpc.server.StartError, OSError: it cannot start; the message says why.
    """
    settings, edge = mesh_settings.Settings.load(environ), gateway.settings.Settings.load(environ)
    if throwaway:
        settings, edge = _on_any_ports(settings), dataclasses.replace(edge, listen=ANY_PORT)
    logs.configure(settings.log_level)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        # Not under the data folder: the path of a Unix socket may have 107 bytes at most.
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="credpass-"))
        settings = settings.over_sockets(pathlib.Path(sockets))
        identities = tls.throwaway(now)
        opened = await stack.enter_async_context(backends.open_backends(settings))
        services = [
            await stack.enter_async_context(_built(name, environ, settings, opened, identities))
            for name in mesh_settings.SERVICES
        ]
        hosted = runner.host_all(services, settings, opened, identities, process="gateway")
        await stack.enter_async_context(hosted)
        url, _ = await stack.enter_async_context(_edge(edge, settings, opened.cache, now, identities))
        yield System(url, settings.data, mailbox(settings))


def serve(name: str, environ: Mapping[str, str]) -> None:
    """Run one service, or the gateway, as this process until it is told to stop. Does not return."""
    if name == "gateway":
        runner.run_process(name, lambda: _serve_gateway(environ))
    load, build = _parts(name)
    runner.run(name, load, build, environ)


async def _serve_gateway(environ: Mapping[str, str]) -> None:
    from mesh.rpc import ops

    settings, own = mesh_settings.Settings.load(environ), gateway.settings.Settings.load(environ)
    logs.configure(settings.log_level)
    if urls.scheme(settings.cache_url) == "memory":
        raise mesh_settings.SettingsError("CREDPASS_CACHE_URL: memory: lives in one process only; name a redis:// URL")
    identities = tls.load(settings.tls_dir, ("gateway",))
    health = ops.Health(())
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(backends.open_cache(settings))
        edge = _edge(own, settings, store, clock.SystemClock(), identities, shared=True)
        _, readiness = await stack.enter_async_context(edge)
        await stack.enter_async_context(ops.serve_ops(settings.ops_listen("gateway"), readiness.troubles))
        await stack.enter_async_context(health.serve(settings.health_listen("gateway")))
        await health.set_serving(serving=True)
        await runner.run_until_signal()
        await health.set_serving(serving=False)


@contextlib.asynccontextmanager
async def _edge(
    own: gateway.settings.Settings,
    settings: mesh_settings.Settings,
    store: Any,
    now: clock.Clock,
    identities: tls.Tls,
    *,
    shared: bool = False,
) -> AsyncIterator[tuple[str, bootstrap.Readiness]]:
    """The gateway with channels of its own; yields its URL and what it knows of its readiness."""
    from gateway import server

    links = channels.Channels(settings, identities, "gateway")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(links.close)
        app, readiness = await stack.enter_async_context(bootstrap.build(own, store, now, links))
        yield await stack.enter_async_context(server.serving(app, own.listen, shared=shared)), readiness


def _built(
    name: str,
    environ: Mapping[str, str],
    settings: mesh_settings.Settings,
    opened: backends.Backends,
    identities: tls.Tls,
) -> contextlib.AbstractAsyncContextManager[runner.Service]:
    load, build = _parts(name)
    return runner.build_service(name, load(environ), settings, opened, identities, build)


def _parts(name: str) -> tuple[Any, Any]:
    """A service's own settings and its bootstrap: every service has the same shape, so its name is enough."""
    settings = importlib.import_module(f"services.{name}.settings")
    return settings.Settings.load, importlib.import_module(f"services.{name}.bootstrap").build


def _on_any_ports(settings: mesh_settings.Settings) -> mesh_settings.Settings:
    ports = dict.fromkeys(settings.ops_listens, ANY_PORT)
    return dataclasses.replace(settings, ops_listens=ports, health_listens=ports)


def mailbox(settings: mesh_settings.Settings) -> pathlib.Path | None:
    """The folder of the file mail backend, if it is that."""
    scheme, _, path = settings.mail_url.partition(":")
    return settings.data / path if scheme == "file" else None


def environment(**overrides: str | None) -> dict[str, str]:
    """The environment of this process with some variables set; None leaves one as it is."""
    return {**os.environ, **{name: value for name, value in overrides.items() if value is not None}}
