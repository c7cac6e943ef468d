"""The HTTP server under the gateway: granian, in the process's own event loop, beside grpc.aio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from gateway.app import Gateway

BACKLOG = 1024
HEADER_TIMEOUT_MS = 10_000
STOP_TIMEOUT_S = 10.0


@contextlib.asynccontextmanager
async def serving(app: Gateway, listen: str, *, shared: bool = False) -> AsyncIterator[str]:
    """Serve `app` on `host:port` for the block; yields the base URL. Port 0 takes a free one.

    `shared`: several gateways of one system take connections on the same port (SO_REUSEPORT).

    Raises:
        OSError: the address cannot be listened on.
    """
    host, _, port_text = listen.rpartition(":")
    host = host.strip("[]")
    with _reserved(host, int(port_text), shared=shared) as port:
        server: Any = Server(
            app,
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            websockets=False,
            backlog=BACKLOG,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
            log_enabled=False,
        )
        running = asyncio.create_task(server.serve(), name="http server")
        try:
            await _until_listening(host, port, running)
            yield f"http://{listen.rpartition(':')[0]}:{port}"
        finally:
            server.stop()
            await asyncio.wait_for(running, STOP_TIMEOUT_S)


@contextlib.contextmanager
def _reserved(host: str, port: int, *, shared: bool) -> Iterator[int]:
    """Hold the port until the server has it: granian binds it again, with SO_REUSEPORT too."""
    if not shared:
        _bound(host, port, socket.SO_REUSEADDR).close()
    with _bound(host, port, socket.SO_REUSEPORT) as holder:
        yield holder.getsockname()[1]


def _bound(host: str, port: int, option: int) -> socket.socket:
    """A socket at the address. Raises OSError naming the setting."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind((host, port))
    except OSError as trouble:
        bound.close()
        told = f"CREDPASS_GATEWAY_LISTEN: cannot listen on {host}:{port} ({trouble.strerror})"
        raise OSError(trouble.errno, told) from None
    return bound


async def _until_listening(host: str, port: int, running: asyncio.Task[None]) -> None:
    """Return when the port takes connections."""
    for _ in range(500):
        if running.done():
            await running
            raise OSError(f"the HTTP server on {host}:{port} stopped at once")
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        return
    raise OSError(f"the HTTP server does not listen on {host}:{port}")
