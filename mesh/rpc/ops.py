"""The plain ports of a process, for probes and Prometheus: HTTP with /metrics, /healthz, /readyz, and grpc.health.v1.

grpc.aio and HTTP/1.1 cannot share a port, so there are two. Kubelet and Prometheus show no client certificate; both
ports listen on loopback or the pod network only and say nothing but names and numbers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from mesh import telemetry
from mesh.rpc.server import StartError

REQUEST_LIMIT_BYTES = 8 * 1024
REQUEST_TIMEOUT_S = 5.0
CONNECTIONS_LIMIT = 32

# Name of what is wrong, for each thing that is; empty when all is well.
Troubles = Callable[[], Awaitable[Mapping[str, str]]]
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class OpsServer:
    """Answers GET and HEAD on three paths, one request a connection.

    /healthz is 200 as long as the event loop turns. /readyz is 200 when nothing is wrong, else 503 and a line for each
    trouble.
    """

    def __init__(self, troubles: Troubles) -> None:
        self._troubles, self._connections = troubles, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._connections += 1
        try:
            if self._connections <= CONNECTIONS_LIMIT:
                async with asyncio.timeout(REQUEST_TIMEOUT_S):
                    await self._exchange(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a probe that goes away or sends nonsense concerns nobody
        finally:
            self._connections -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].split(b" ")
        method, path = (words[0], words[1].split(b"?")[0]) if len(words) == 3 else (b"", b"")
        status, kind, body = await self._page(method, path)
        lines = (
            f"HTTP/1.1 {status} {_REASONS[status]}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        writer.write("\r\n".join((*lines, "\r\n")).encode() + (b"" if method == b"HEAD" else body))
        await writer.drain()

    async def _page(self, method: bytes, path: bytes) -> tuple[int, str, bytes]:
        if not path:
            return 400, "text/plain", b""
        if method not in {b"GET", b"HEAD"}:
            return 405, "text/plain", b""
        match path:
            case b"/metrics":
                return 200, telemetry.PAGE_TYPE, telemetry.page()
            case b"/healthz":
                return 200, "text/plain", b"ok\n"
            case b"/readyz":
                troubles = await self._troubles()
                text = "".join(f"{name}: {trouble}\n" for name, trouble in sorted(troubles.items()))
                return (503 if troubles else 200), "text/plain", text.encode() or b"ok\n"
            case _:
                return 404, "text/plain", b""


@contextlib.asynccontextmanager
async def serve_ops(address: str, troubles: Troubles) -> AsyncIterator[str]:
    """Answer over HTTP at `host:port` (port 0 takes a free one) as long as the block runs; gives the address.

    Raises:
        StartError: the address cannot be had.
    """
    host, _, port = address.rpartition(":")
    try:
        server = await asyncio.start_server(
            OpsServer(troubles).answer, host.strip("[]"), int(port), limit=REQUEST_LIMIT_BYTES
        )
    except OSError as trouble:
        raise StartError(f"CREDPASS_OPS_LISTEN: cannot listen on {address} ({why(trouble)})") from None
    try:
        yield f"{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def why(trouble: OSError) -> str:
    """The system's own words for a failure; asyncio puts a sentence around them."""
    return os.strerror(trouble.errno) if trouble.errno else type(trouble).__name__


class Health:
    """grpc.health.v1 without TLS: the process as a whole (empty name) and each of its contracts."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = ("", *names)
        self._servicer = health.aio.HealthServicer()

    async def set_serving(self, *, serving: bool) -> None:
        """Say whether calls are wanted."""
        statuses = health_pb2.HealthCheckResponse
        for name in self._names:
            await self._servicer.set(name, statuses.SERVING if serving else statuses.NOT_SERVING)

    @contextlib.asynccontextmanager
    async def serve(self, address: str) -> AsyncIterator[str]:
        """Answer at `host:port` as long as the block runs; gives the address.

        Raises:
            StartError: the address cannot be had.
        """
        server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        try:
            port = server.add_insecure_port(address)
        except RuntimeError:
            raise StartError(f"CREDPASS_HEALTH_LISTEN: cannot listen on {address}; is it in use?") from None
        await server.start()
        try:
            yield f"{address.rpartition(':')[0]}:{port}"
        finally:
            await server.stop(None)
