"""One log line and one measurement a request. The path shown is the route's: the real one may hold a token."""

from __future__ import annotations

import functools

from gateway.http import Request
from mesh import logs, telemetry

# Routes and pages, a few dozen in all.
_counts_of = functools.cache(telemetry.request_latencies)


def observe(request: Request, route: str, status: int, seconds: float) -> None:
    """Note a request once it is answered."""
    _counts_of(route).add(str(status), seconds)
    told = {
        "requestId": request.request_id,
        "method": request.method,
        "path": route,
        "statusCode": status,
        "duration": round(seconds * 1000, 3),
    }
    logs.write("error" if status >= 500 else "info", "gateway", request.correlation_id, "Request processed", told)
