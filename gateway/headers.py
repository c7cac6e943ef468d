"""Security headers and CORS."""

from __future__ import annotations

from collections.abc import Collection

from gateway.http import Header, Request, Response

# No page is served but the documentation, which names its own policy; nothing may be stored but what says so.
EVERYWHERE: tuple[Header, ...] = (
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-site"),
    ("cache-control", "no-store"),
)

EXPOSED = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
PREFLIGHT_AGE_S = 600


def cors(request: Request, origins: Collection[str]) -> list[Header]:
    """Headers that let a browser's page from an allowed origin read the answer (Fetch standard)."""
    if not origins:
        return []
    # Said to everybody: what a cache kept for a caller without origin must not answer a page.
    vary, origin = ("vary", "Origin"), request.headers.get("origin", "")
    if origin not in origins:
        return [vary]
    return [("access-control-allow-origin", origin), ("access-control-expose-headers", EXPOSED), vary]


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
