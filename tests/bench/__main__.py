"""`make bench`: every number of design section 9 that can be measured here, side by side in one run."""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from tests.bench import cluster, engine, statements, uploads, verify
from tests.support import redis_server

Found = TypeVar("Found")


def tried(what: str, measure: Callable[[], Found]) -> Found | None:
    """A measurement, or None with the reason on standard output: one that fails keeps no other from being made."""
    print(f"measuring {what} ...", flush=True)
    try:
        return measure()
    except Exception:  # noqa: BLE001 - whatever went wrong is the reason
        print(f"not measured: {what}\n{traceback.format_exc(limit=3)}", flush=True)
        return None


def verify_numbers(rows: list[tuple[str, int, verify.Load]] | None) -> dict[str, float | None]:
    """The ratios of the hot path, and the table they come from."""
    names = ("verify_rps_vs_fastapi_32", "verify_rps_vs_fastapi_128", "verify_p99_vs_fastapi_32", "verify_rps_vs_unary")
    if rows is None:
        return dict.fromkeys(names)
    print(
        f"\n{'GET /verify/{token}':24}{'connections':>12}{'req/s':>10}{'p50 ms':>9}{'p99 ms':>9}  us of CPU a request"
    )
    for name, connections, load in rows:
        costs = ", ".join(f"{part} {used:.0f}" for part, used in load.cpu_us.items() if used >= 1)
        print(f"{name:24}{connections:>12}{load.rps:>10.0f}{load.p50_ms:>9.2f}{load.p99_ms:>9.2f}  {costs}")
    found = {(name, connections): load for name, connections, load in rows}
    mesh, plain, unary = (found[name, 32] for name in ("mesh", "FastAPI, 1 worker", "mesh, unary"))
    wide = found["mesh", 128].rps / found["FastAPI, 1 worker", 128].rps
    values = (mesh.rps / plain.rps, wide, mesh.p99_ms / plain.p99_ms, mesh.rps / unary.rps)
    return dict(zip(names, (round(value, 2) for value in values), strict=True))


def main() -> None:
    missing = [name for name in ("redis-server", "wrk") if shutil.which(name) is None]
    if missing:
        sys.exit(f"the bench needs {' and '.join(missing)}: `make backends` installs them where it may")
    with tempfile.TemporaryDirectory(prefix="credpass-bench-") as scratch:
        folder = pathlib.Path(scratch)
        with redis_server.running(folder) as redis_url:
            numbers: dict[str, Any] = dict(verify_numbers(tried("verify", lambda: verify.measure(folder, redis_url))))
            growth = tried("memory while 100 MB pass", lambda: uploads.rss_growth_mb(folder, redis_url))
        latency_ms = tried("upload to credential", lambda: uploads.upload_to_credential_ms(folder))
        engine_numbers = tried("the engine", lambda: engine.measure(folder))
        statement_numbers = tried("reading statements", lambda: statements.measure(folder))
        start_s = tried("start to ready", lambda: uploads.start_to_ready_s(folder))
        cluster_numbers = tried("the system on a cluster's servers", lambda: cluster.measure(folder / "cluster"))
    numbers["upload_to_credential_p50_ms"] = None if latency_ms is None else round(latency_ms, 1)
    numbers["start_to_ready_s"] = None if start_s is None else round(start_s, 2)
    numbers |= engine_numbers or dict.fromkeys(engine.NAMES)
    numbers |= statement_numbers or dict.fromkeys(statements.NAMES)
    numbers |= cluster_numbers or dict.fromkeys(cluster.NAMES)
    if growth is not None:
        print("memory growth in MB: " + ", ".join(f"{name} {value:.1f}" for name, value in growth.items()))
    numbers["rss_growth_100mb_upload_mb"] = None if growth is None else round(max(growth.values()), 1)
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
