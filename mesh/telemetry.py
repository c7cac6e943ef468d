"""What is counted, for Prometheus. Names and labels only ever come from contracts and settings, never from data."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from typing import Protocol

import prometheus_client as prometheus
from prometheus_client import metrics_core

REGISTRY = prometheus.CollectorRegistry()
prometheus.ProcessCollector(registry=REGISTRY)
prometheus.PlatformCollector(registry=REGISTRY)

# The promises of the mesh lie between a millisecond and a few seconds.
LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

RPC_IN_FLIGHT = prometheus.Gauge(
    "credpass_rpc_in_flight", "Calls being worked on now.", ("service",), registry=REGISTRY
)
CLIENT_CALLS = prometheus.Counter(
    "credpass_client_calls",
    "Calls made to other services, by what came of them.",
    ("target", "outcome"),
    registry=REGISTRY,
)
COALESCED_BATCHES = prometheus.Histogram(
    "credpass_coalesced_batch_items",
    "Calls that left together.",
    ("method",),
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    registry=REGISTRY,
)
CONSUMER_LAG = prometheus.Gauge(
    "credpass_consumer_lag", "Records that a group has not finished.", ("group",), registry=REGISTRY
)
OUTBOX_DEPTH = prometheus.Gauge(
    "credpass_outbox_depth", "Events written and not published yet, as far as one read shows.", registry=REGISTRY
)
JOB_RUNS = prometheus.Counter(
    "credpass_job_runs",
    "Runs of periodic jobs, by what came of them.",
    ("service", "job", "outcome"),
    registry=REGISTRY,
)
POOL_BUSY = prometheus.Gauge("credpass_pool_busy", "Worker processes or threads at work.", ("pool",), registry=REGISTRY)


class Latencies:
    """How the calls of one method, or the requests of one route, went. Every call of a process passes through here, so
    it only adds numbers: a histogram and a counter of prometheus_client take ten times as long.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._labels = labels
        self._buckets = [0] * (len(LATENCY_BUCKETS_S) + 1)
        self._sum_s = 0.0
        self._outcomes: dict[str, int] = {}

    def add(self, outcome: str, taken_s: float) -> None:
        """Count a call. `outcome`: "ok" or the kind of its error; a request's status."""
        self._buckets[bisect.bisect_left(LATENCY_BUCKETS_S, taken_s)] += 1
        self._sum_s += taken_s
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1

    def add_to(self, seconds: metrics_core.HistogramMetricFamily, calls: metrics_core.CounterMetricFamily) -> None:
        """Show what was counted."""
        bounds = (*map(str, LATENCY_BUCKETS_S), "+Inf")
        sums = itertools.accumulate(self._buckets)
        seconds.add_metric(self._labels, list(zip(bounds, sums, strict=True)), self._sum_s)
        for outcome, count in self._outcomes.items():
            calls.add_metric((*self._labels, outcome), count)


class _Measured:
    """Shows latencies when Prometheus asks: a histogram of times and a counter of outcomes, each (name, help text)."""

    def __init__(
        self, seconds: tuple[str, str], calls: tuple[str, str], labels: tuple[str, ...], outcome_label: str
    ) -> None:
        self._seconds, self._calls, self._names, self._outcome_label = seconds, calls, labels, outcome_label
        self._by_labels: dict[tuple[str, ...], Latencies] = {}

    def of(self, *labels: str) -> Latencies:
        """Where the calls with these labels are counted; the same one for the same labels."""
        return self._by_labels.setdefault(labels, Latencies(labels))

    def collect(self) -> Iterable[metrics_core.Metric]:
        seconds = metrics_core.HistogramMetricFamily(*self._seconds, labels=self._names)
        calls = metrics_core.CounterMetricFamily(*self._calls, labels=(*self._names, self._outcome_label))
        for latencies in self._by_labels.values():
            latencies.add_to(seconds, calls)
        return (seconds, calls)


_calls = _Measured(
    ("credpass_rpc_seconds", "Time from a call's arrival to its answer."),
    ("credpass_rpc_calls", "Calls served, by what came of them."),
    ("service", "method"),
    "outcome",
)
_requests = _Measured(
    ("credpass_http_seconds", "Time to answer a request."),
    ("credpass_http_requests", "Requests by route and status."),
    ("route",),
    "status",
)
REGISTRY.register(_calls)
REGISTRY.register(_requests)


def latencies(service: str, method: str) -> Latencies:
    """Where the calls of a method are counted."""
    return _calls.of(service, method)


def request_latencies(route: str) -> Latencies:
    """Where the requests of a route of the gateway are counted."""
    return _requests.of(route)


class WorkerCounts(Protocol):
    """What a worker counts itself."""

    handled: int
    retried: int
    dead_lettered: int


class _Workers:
    """Reads the workers' own counts when Prometheus asks; nothing is counted twice."""

    def __init__(self) -> None:
        self.by_group: dict[str, WorkerCounts] = {}

    def collect(self) -> Iterable[metrics_core.Metric]:
        for name, text in (
            ("handled", "Events handled."),
            ("retried", "Waits before an event was tried again."),
            ("dead_lettered", "Events given up on and put on a dead-letter topic."),
        ):
            family = metrics_core.CounterMetricFamily(f"credpass_events_{name}", text, labels=("group",))
            for group, worker in self.by_group.items():
                family.add_metric((group,), getattr(worker, name))
            yield family


_workers = _Workers()
REGISTRY.register(_workers)


def watch_worker(group: str, worker: WorkerCounts) -> None:
    """Show a worker's counts from now on, in place of an earlier one's of the same group."""
    _workers.by_group[group] = worker


def page() -> bytes:
    """Everything that is counted, in the text format of Prometheus."""
    return prometheus.generate_latest(REGISTRY)


PAGE_TYPE = prometheus.CONTENT_TYPE_LATEST
