"""Requests and responses over ASGI, no more of it than the edge needs."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from gateway.multipart import PayloadTooLarge
from gateway.settings import Network
from mesh import errors

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Header = tuple[str, str]
RawHeader = tuple[bytes, bytes]

# Statuses whose answers have no body, nor a length or type of one (RFC 9110, sections 8.6, 15.3.5 and 15.4.5).
BODILESS = frozenset({204, 304})

# Headers of which one line is meant: of two, each side of a proxy might believe another one (RFC 9110, section 5.3).
SINGLE = {
    name.lower(): name
    for name in ("Authorization", "Content-Type", "grpc-timeout", "Host", "Idempotency-Key", "traceparent")
}

# An upload of the default limit that is refused before it is read fits, so that its client learns why.
DISCARD_BYTES = 32 * 1024 * 1024
DISCARD_S = 5.0


class RepeatedHeader(errors.InvalidArgument):
    """A header of which there may be one line came in several."""

    def __init__(self, name: str) -> None:
        super().__init__(violations=(errors.FieldViolation(SINGLE[name], "must be sent once"),))


class ClientGone(errors.InvalidArgument):
    """The client closed the connection before its request was complete."""

    message = "The request ended before it was complete."


@dataclasses.dataclass(slots=True)
class Response:
    """An answer. `stream` takes the place of `body` when it is set."""

    status: int
    body: bytes = b""
    headers: list[Header] = dataclasses.field(default_factory=list)
    content_type: str = "application/json"
    stream: AsyncIterator[bytes] | None = None


class Request:
    """A request: its line and headers at once, its body when somebody asks for it."""

    __slots__ = (
        "_framed_by_headers",
        "_receive",
        "_repeated",
        "_whole",
        "client_address",
        "correlation_id",
        "headers",
        "method",
        "path",
        "query",
        "request_id",
    )

    def __init__(self, scope: dict[str, Any], receive: Receive, suffix: str) -> None:
        self._receive = receive
        self._whole = False
        self._framed_by_headers: bool = scope["http_version"].startswith("1")
        self.method: str = scope["method"]
        # The path as it came: only the router may decode it, or %2F could not be told from a slash.
        self.path: str = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        self.query: str = scope["query_string"].decode("latin-1")
        lines: Sequence[RawHeader] = scope["headers"]
        self.headers: dict[str, str] = {name.decode("latin-1"): value.decode("latin-1") for name, value in lines}
        self._repeated = "" if len(self.headers) == len(lines) else self._join(lines)
        self.client_address: str = scope["client"][0] if scope.get("client") else ""
        self.request_id = f"req_{suffix}"
        self.correlation_id = f"corr_{suffix}"

    @property
    def has_body(self) -> bool:
        """Whether a body comes: in HTTP/1.1 one of two headers says so (RFC 9112, section 6.3), in HTTP/2 none need."""
        headers = self.headers
        return "content-length" in headers or "transfer-encoding" in headers or not self._framed_by_headers

    def check_headers(self) -> None:
        """Raises RepeatedHeader for a header that must be a single line and is not."""
        if self._repeated:
            raise RepeatedHeader(self._repeated)

    def _join(self, lines: Sequence[RawHeader]) -> str:
        """Take several lines of a name for one list (RFC 9110, section 5.3); the first name that cannot be one."""
        joined: dict[str, list[str]] = {}
        for name, value in lines:
            joined.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        self.headers = {name: ", ".join(values) for name, values in joined.items()}
        return next((name for name, values in joined.items() if len(values) > 1 and name in SINGLE), "")

    def bearer(self) -> str:
        """The token of `Authorization: Bearer` (RFC 6750); empty without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives.

        Raises:
            ClientGone: the client went away in the middle.
        """
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if piece := message.get("body", b""):
                yield piece
            if not message.get("more_body", False):
                self._whole = True
                return

    async def discard_rest(self) -> bool:
        """Read what is left of the body and forget it; False where it does not end within the bounds.

        An answer to a client that is still sending is lost when the connection is closed under it (RFC 9112, section
        9.6), and a connection that is kept would begin the next request in the middle of this one's body.
        """
        if self._whole or not self.has_body:
            return True
        if "expect" in self.headers:  # the client waits to be asked for the body (RFC 9110, section 10.1.1)
            return False
        left_bytes = DISCARD_BYTES
        with contextlib.suppress(ClientGone, TimeoutError):
            async with asyncio.timeout(DISCARD_S):
                async for piece in self.pieces():
                    left_bytes -= len(piece)
                    if left_bytes < 0:
                        break
        return self._whole

    def close_headers(self) -> list[Header]:
        """What tells the client that the connection ends with this answer; HTTP/2 has no such header."""
        return [("connection", "close")] if self._framed_by_headers else []

    async def body(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises:
            PayloadTooLarge: it is larger than `limit_bytes`; what is beyond is not read.
        """
        self.check_length(limit_bytes)
        pieces = bytearray()
        async for piece in self.pieces():
            pieces += piece
            if len(pieces) > limit_bytes:
                raise PayloadTooLarge(metadata={"limit_bytes": str(limit_bytes)})
        return bytes(pieces)

    def check_length(self, limit_bytes: int) -> None:
        """Refuse by Content-Length before anything is read."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit_bytes:
            raise PayloadTooLarge(metadata={"limit_bytes": str(limit_bytes)})

    def believe_proxies(self, trusted: Sequence[Network]) -> None:
        """Take the client's address from X-Forwarded-For, as far as trusted proxies have written it."""
        forwarded = [part.strip() for part in self.headers.get("x-forwarded-for", "").split(",") if part.strip()]
        while forwarded and _is_in(self.client_address, trusted):
            candidate = forwarded.pop()
            if not _is_address(candidate):
                return
            self.client_address = candidate


async def send_response(
    send: Send, response: Response, headers: Sequence[RawHeader], *, head_only: bool = False
) -> None:
    """Write the answer; `headers` come on top of its own. HEAD gets them and no body (RFC 9110, section 9.3.2)."""
    lines = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    lines += headers
    if response.status not in BODILESS:
        lines.append((b"content-type", response.content_type.encode("latin-1")))
        if response.stream is None:
            lines.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": lines})
    if response.stream is None or head_only:
        await send({"type": "http.response.body", "body": b"" if head_only else response.body})
        return
    async for piece in response.stream:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)
