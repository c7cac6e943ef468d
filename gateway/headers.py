"""Security headers and CORS."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gateway.http import RawHeader, Request, Response

# No page is served but the documentation, which names its own policy; nothing may be stored but what says so.
EVERYWHERE: Mapping[str, str] = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-site",
    "cache-control": "no-store",
}
_RAW: tuple[RawHeader, ...] = tuple((name.encode(), value.encode()) for name, value in EVERYWHERE.items())

EXPOSED = "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
PREFLIGHT_AGE_S = 600


def everywhere(brought: Iterable[str]) -> list[RawHeader]:
    """The headers of every answer but those that it brings itself."""
    own = {name.encode() for name in brought if name in EVERYWHERE}
    return [line for line in _RAW if line[0] not in own] if own else [*_RAW]


def cors(request: Request, origins: Collection[str]) -> list[RawHeader]:
    """Headers that let a browser's page from an allowed origin read the answer (Fetch standard)."""
    # Said to everybody: what a cache kept for a caller without origin must not answer a page.
    vary, origin = (b"vary", b"Origin"), request.headers.get("origin", "")
    if origin not in origins:
        return [vary]
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", EXPOSED.encode()),
        vary,
    ]


def options_response(request: Request, allowed: Collection[str], origins: Collection[str]) -> Response:
    """The answer to OPTIONS: what the path takes, and for a preflight what a page may send."""
    methods = ", ".join((*allowed, "OPTIONS"))
    response = Response(204, headers=[("allow", methods)])
    if request.headers.get("origin", "") in origins and "access-control-request-method" in request.headers:
        response.headers += [
            ("access-control-allow-methods", methods),
            ("access-control-allow-headers", ALLOWED),
            ("access-control-max-age", str(PREFLIGHT_AGE_S)),
        ]
    return response
