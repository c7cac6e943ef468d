"""A cluster whose parts are killed in the middle of the main job, and what must hold afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

from tests.support import cluster_servers, cluster_system, traffic
from tests.support.cluster_system import ClusterSystem
from tests.support.rest import Institution, Rest

RECOVERY_S = 60.0
# Somewhat longer than a call may take by default; a gate that still listens would otherwise keep calls waiting.
DOCUMENTS_MS = 6_000
_BUSY_S = 120.0


@contextlib.contextmanager
def running(folder: pathlib.Path) -> Iterator[ClusterSystem]:
    """A system on servers that the test owns and may kill."""
    with cluster_servers.running(folder / "servers") as servers:
        impatient = dataclasses.replace(servers, documents_url=f"{servers.documents_url}?timeoutMS={DOCUMENTS_MS}")
        with cluster_system.running(impatient, folder / "system", {"CREDPASS_STUCK_AFTER": "5s"}) as system:
            yield system


@contextlib.contextmanager
def busy(cluster: ClusterSystem, rest: Rest, institution: Institution) -> Iterator[traffic.Traffic]:
    """Traffic that flows when the block begins, and again when it ends; then every promise is kept."""
    people = [rest.person() for _ in range(traffic.PEOPLE)]
    with traffic.Traffic(cluster.url, people, institution) as flowing:
        flowing.flows(_BUSY_S, rounds=0)
        yield flowing
        flowing.flows(RECOVERY_S)
    for promises in flowing.promises:
        traffic.kept(promises, institution)
    assert cluster.processes.ended() == []
