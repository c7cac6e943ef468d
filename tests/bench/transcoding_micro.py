"""Microseconds of the compiled transcoder beside json_format, in one run: python -m tests.bench.transcoding_micro

Prints a table and last one JSON line. Numbers vary with the machine; the ratios are what counts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from gateway.transcoding import Match, Options, Transcoder
from gateway.transcoding.json_in import JsonReaders
from gateway.transcoding.json_out import JsonWriters
from gateway.transcoding.registry import message_class
from tests.support.transcoding_cases_suite import Suite

GARDEN = Path(__file__).parents[1] / "unit" / "gateway" / "transcoding"
ROUNDS = 7
ROUND_S = 0.1

_REPORT = {
    "reportId": "cred_7Hq2mWx9ZkP4nB3vT8yL",
    "valid": True,
    "score": 742,
    "tier": "good",
    "issuedAt": "2025-03-04T10:20:30.123Z",
    "expiresAt": "2026-03-04T10:20:30Z",
    "parts": {
        name: {"factor": f"factor of {name}", "score": 700 + at, "weight": 20, "contribution": 140 + at}
        for at, name in enumerate(["payment", "income", "spending", "savings", "longevity", "diversity"])
    },
    "insights": [f"An insight of about sixty characters, as an owner reads it: {at}" for at in range(4)],
    "version": "12",
    "confidence": 0.93,
}


def best_us(work: Callable[[], object]) -> float:
    """The quickest round, in microseconds a call."""
    count = 1
    best = float("inf")
    for _ in range(ROUNDS + 20):
        start = time.perf_counter()
        for _ in range(count):
            work()
        took_s = time.perf_counter() - start
        if took_s < ROUND_S / 2:
            count *= 2
            continue
        best = min(best, took_s / count)
    return best * 1e6


def measure() -> dict[str, float]:
    """Every number, in microseconds."""
    suite = Suite(GARDEN)
    descriptor = suite.descriptor("garden.v1.Report")
    report = suite.message(descriptor, _REPORT)
    raw = json.dumps(_REPORT).encode()
    readers, writers = JsonReaders(suite.types, Options()), JsonWriters(suite.types, Options(print_defaults=True))
    large = {**_REPORT, "insights": [f"{at}: {'x' * 60}" for at in range(350)]}
    large_raw = json.dumps(large).encode()
    made: Callable[[], Any] = message_class(descriptor)
    return {
        "report_bytes": float(len(raw)),
        "out_compiled": best_us(lambda: writers.encode(report)),
        "out_json_format": best_us(lambda: json_format.MessageToJson(report, indent=None).encode()),
        "in_compiled": best_us(lambda: readers.parse(descriptor, raw)),
        "in_json_format": best_us(lambda: json_format.Parse(raw, made())),
        "large_bytes": float(len(large_raw)),
        "in_large_compiled": best_us(lambda: readers.parse(descriptor, large_raw)),
        "in_large_json_format": best_us(lambda: json_format.Parse(large_raw, made())),
        **_measure_routes(suite),
    }


def _measure_routes(suite: Suite) -> dict[str, float]:
    service = suite.pool.FindServiceByName("garden.v1.GardenService")
    transcoder = Transcoder.from_services([service], Options())

    def get(path: str, query: str) -> object:
        found = transcoder.match("GET", path)
        assert isinstance(found, Match)
        return found.route.decode(found.variables, query, b"")

    path = "/v1/plants/vt_9f2kQm4Xw7Lr8Tz1Bn5C"
    return {
        "match": best_us(lambda: transcoder.match("GET", path)),
        "match_decode": best_us(lambda: get(path, "")),
        "match_decode_query": best_us(lambda: get(path, "season=SPRING&withRoots=true")),
    }


def main() -> int:
    """Measure and print."""
    numbers = measure()
    for name, value in numbers.items():
        sys.stdout.write(f"{name:24} {value:10.2f}\n")
    ratios = {
        "out_ratio": numbers["out_json_format"] / numbers["out_compiled"],
        "in_ratio": numbers["in_json_format"] / numbers["in_compiled"],
        "in_large_ratio": numbers["in_large_json_format"] / numbers["in_large_compiled"],
    }
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in {**numbers, **ratios}.items()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
