"""The system on a cluster's servers: verification, upload to credential, and two analysis workers against one.

`python -m tests.bench.cluster` measures this alone. The servers are those of the tests: what FerretDB costs says
nothing about MongoDB (docs/ferretdb.md), so processor time is told by process.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import tempfile
import time
from collections.abc import Mapping

from cli.cluster import REPLICAS
from tests.bench import processes, uploads, verify
from tests.support import cluster_servers, cluster_system, long_statement
from tests.support.cluster_servers import Servers
from tests.support.cluster_system import ClusterSystem
from tests.support.rest import Person, Rest

CONNECTIONS = 32
STATEMENT_ROWS = 20_000
STATEMENTS = 16
NAMES = (
    "cluster_verify_rps",
    "cluster_verify_p99_ms",
    "cluster_upload_to_credential_p50_ms",
    "two_workers_vs_one",
    "brokers_cpu_share",
)


@dataclasses.dataclass(frozen=True)
class Throughput:
    """`rate`: statements a second. `cpu_s`: processor time by process meanwhile."""

    rate: float
    cpu_s: Mapping[str, float]

    @property
    def broker_share(self) -> float:
        """The broker's part of all processor time."""
        return self.cpu_s["kafka"] / sum(self.cpu_s.values())


def measure(folder: pathlib.Path) -> dict[str, float]:
    """The numbers of `NAMES`; the load of the hot path by process on standard output."""
    with cluster_servers.running(folder / "servers") as servers:
        found = _hot_path(servers, folder / "hot")
        one, two = (_throughput(servers, folder / f"workers-{count}", count) for count in (1, 2))
    for count, each in ((1, one), (2, two)):
        print(f"{count} analysis worker(s): {each.rate:.2f} statements/s; CPU {_told(each.cpu_s)}")
    return found | {
        "two_workers_vs_one": round(two.rate / one.rate, 2),
        "brokers_cpu_share": round(two.broker_share, 3),
    }


def _hot_path(servers: Servers, folder: pathlib.Path) -> dict[str, float]:
    with cluster_system.running(servers, folder, {}) as system:
        rest = Rest(system.url, system.mailbox)
        latency_ms = uploads.median_ms(rest)
        contender = verify.Contender(system.url, lambda: used_s(system))
        stage = verify.prepare(rest, lambda: used_s(system))
        (load,) = verify.side_by_side(stage, CONNECTIONS, {"cluster": contender}).values()
    print(f"cluster, {CONNECTIONS} connections: CPU a request in us {_told(load.cpu_us)}")
    values = (round(load.rps), round(load.p99_ms, 1), round(latency_ms, 1))
    return dict(zip(NAMES, values, strict=False))


def _throughput(servers: Servers, folder: pathlib.Path, workers: int) -> Throughput:
    """Statements wait in the topic; then so many workers start, and once all are ready the clock runs."""
    with cluster_system.running(servers, folder, {}, {**REPLICAS, "analysis": workers}) as system:
        names = [name for name, each in system.processes.replicas.items() if each.service == "analysis"]
        rest = Rest(system.url, system.mailbox)
        people = [rest.person() for _ in range(STATEMENTS)]
        system.processes.stop(*names)
        content = long_statement.written(folder, STATEMENT_ROWS).read_bytes()
        waiting = [(person, person.upload(content)["uploadId"]) for person in people]
        processes.wait_idle(lambda: used_s(system))
        system.processes.start(*names)
        system.processes.wait_ready(*names)
        left = [each for each in waiting if not _is_done(*each)]
        before, started_s = used_s(system), time.monotonic()
        for person, upload_id in left:
            person.finished(upload_id)
        taken_s = time.monotonic() - started_s
        return Throughput(len(left) / taken_s, {name: used - before[name] for name, used in used_s(system).items()})


def _is_done(person: Person, upload_id: str) -> bool:
    upload = person.rest.data("GET", f"/data/uploads/{upload_id}/status", person.token)
    return bool(upload["status"] != "pending")


def used_s(system: ClusterSystem) -> dict[str, float]:
    """Processor time so far of each process, and of the servers that are ours."""
    pids = {name: process.pid for name, process in system.processes.processes.items() if process.poll() is None}
    servers = system.servers
    for name, server in (("kafka", servers.kafka), ("documents", servers.documents), ("redis", servers.redis)):
        if server is not None:
            pids[name] = server.pid
    return {name: processes.cpu_s(pid) for name, pid in pids.items()}


def _told(used: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in used.items() if value >= 0.1)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="credpass-bench-") as scratch:
        print(json.dumps(measure(pathlib.Path(scratch))))


if __name__ == "__main__":
    main()
