"""One log line and one measurement a request. The path shown is the route's: the real one may hold a token."""

from __future__ import annotations

import prometheus_client as prometheus

from gateway.http import Request
from mesh import logs, telemetry

SECONDS = prometheus.Histogram(
    "credpass_http_seconds",
    "Time to answer a request.",
    ("route",),
    buckets=telemetry.LATENCY_BUCKETS_S,
    registry=telemetry.REGISTRY,
)
REQUESTS = prometheus.Counter(
    "credpass_http_requests", "Requests by route and status.", ("route", "status"), registry=telemetry.REGISTRY
)


class Observer:
    """Sees every request once it is answered. Series are looked up once a route and status."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, int], tuple[prometheus.Histogram, prometheus.Counter]] = {}

    def __call__(self, request: Request, route: str, status: int, seconds: float) -> None:
        key = (route, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = (SECONDS.labels(route), REQUESTS.labels(route, str(status)))
        series[0].observe(seconds)
        series[1].inc()
        told = {
            "requestId": request.request_id,
            "method": request.method,
            "path": route,
            "statusCode": status,
            "duration": round(seconds * 1000, 3),
        }
        level = "error" if status >= 500 else "info"
        logs.write(level, "gateway", request.correlation_id, "Request processed", told)
