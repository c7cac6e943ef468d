from __future__ import annotations

from prometheus_client import parser

from mesh import telemetry


def samples(name: str, service: str) -> dict[tuple[str, ...], float]:
    """Samples of one name by (method, outcome or bound)."""
    families = parser.text_string_to_metric_families(telemetry.page().decode())
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {
        (sample.labels.get("method", ""), sample.labels.get("outcome", sample.labels.get("le", ""))): sample.value
        for sample in found
        if sample.labels.get("service") == service
    }


def test_calls_are_counted_by_outcome_and_timed_in_buckets() -> None:
    latencies = telemetry.latencies("t1", "S/Do")
    for taken_s in (0.0001, 0.0005, 0.003, 99.0):
        latencies.add("ok", taken_s)
    telemetry.latencies("t1", "S/Do").add("not found", 0.003)
    assert samples("credpass_rpc_calls_total", "t1") == {("S/Do", "ok"): 4, ("S/Do", "not found"): 1}
    buckets = samples("credpass_rpc_seconds_bucket", "t1")
    assert buckets["S/Do", "0.0005"] == 2
    assert buckets["S/Do", "0.005"] == 4
    assert buckets["S/Do", "10.0"] == 4
    assert buckets["S/Do", "+Inf"] == 5
    assert samples("credpass_rpc_seconds_count", "t1")["S/Do", ""] == 5


def test_workers_counts_are_read_when_asked() -> None:
    class Counts:
        handled, retried, dead_lettered = 3, 1, 0

    telemetry.watch_worker("t2-group", Counts())
    page = telemetry.page().decode()
    assert 'credpass_events_handled_total{group="t2-group"} 3.0' in page
    Counts.handled = 4
    assert 'credpass_events_handled_total{group="t2-group"} 4.0' in telemetry.page().decode()
    assert 'credpass_events_dead_lettered_total{group="t2-group"} 0.0' in page
