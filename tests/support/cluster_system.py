"""The whole system as a cluster runs it: every service a process, two workers, two gateways, real servers."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Iterator, Mapping

from cli.cluster import REPLICAS, Cluster
from tests.support import cluster_servers
from tests.support.system_process import QUICK, ROOMY, ROOT


@dataclasses.dataclass(frozen=True)
class ClusterSystem:
    """Processes that are ready, and the servers under them. `environ`: what a further process needs."""

    servers: cluster_servers.Servers
    processes: Cluster
    environ: dict[str, str]

    @property
    def url(self) -> str:
        return self.processes.url

    @property
    def mailbox(self) -> pathlib.Path:
        return self.servers.mailbox


@contextlib.contextmanager
def running(
    servers: cluster_servers.Servers,
    folder: pathlib.Path,
    environment: Mapping[str, str],
    replicas: Mapping[str, int] = REPLICAS,
) -> Iterator[ClusterSystem]:
    """A system that has just been set up on the servers; it has ended when the block has."""
    with servers.fresh() as names:
        environ = {
            **os.environ,
            **ROOMY,
            **QUICK,
            **names,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}",
            "CREDPASS_DATA": str(folder),
            "CREDPASS_GATEWAY_LISTEN": "127.0.0.1:0",
            **environment,
        }
        processes = Cluster(environ, replicas)
        try:
            processes.prepare()
            processes.start()
            processes.wait_ready()
            yield ClusterSystem(servers, processes, environ)
        finally:
            processes.close()
