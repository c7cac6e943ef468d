"""What a cluster keeps when one of its servers is killed in the middle of the main job, and how it tells meanwhile."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import cluster_faults
from tests.support.cluster_system import ClusterSystem
from tests.support.rest import Institution, Person, Rest, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_stack("cluster", reason="the embedded system has no servers"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterSystem]:
    with cluster_faults.running(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.mark.parametrize("name", ["kafka", "documents", "redis"])
def test_a_killed_server_takes_nothing_with_it(
    cluster: ClusterSystem, rest: Rest, institution: Institution, name: str
) -> None:
    person = rest.person()
    kill, start = of_server(cluster, name)
    with cluster_faults.busy(cluster, rest, institution):
        kill()
        try:
            until(lambda: unready(cluster) or None, "readiness that tells of it")
            if name != "kafka":  # what is asked for now needs no event
                answer = until(lambda: refusal(rest, person), "an answer that tells of it")
                assert answer["code"] == "UNAVAILABLE"
            assert cluster.processes.ended() == [], "no process ends because a server is away"
        finally:
            start()
    cluster.processes.wait_ready()


def of_server(cluster: ClusterSystem, name: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """What kills a server (SIGKILL) and what starts it again; skips where it was given, which is not ours to kill."""
    servers = cluster.servers
    ours: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {}
    if servers.kafka:
        ours["kafka"] = servers.kafka.kill, servers.kafka.start
    if servers.documents:
        ours["documents"] = servers.documents.stop, servers.documents.start
    if servers.redis:
        ours["redis"] = servers.redis.stop, servers.redis.start
    if name not in ours:
        pytest.skip(f"needs a server ({name}) that the test starts itself")
    return ours[name]


def unready(cluster: ClusterSystem) -> bool:
    """Whether every service says that it is not ready."""
    services = [name for name, each in cluster.processes.replicas.items() if each.service != "gateway"]
    return {cluster.processes.readiness(name) for name in services} == {http.client.SERVICE_UNAVAILABLE}


def refusal(rest: Rest, person: Person) -> dict[str, Any] | None:
    """The error of a refusal that says when to come again."""
    names = {"firstName": "Ada", "lastName": "Sample", "country": "CZ"}
    answer = rest.call("PUT", "/users/profile", person.token, json=names)
    if answer.status_code != http.client.SERVICE_UNAVAILABLE:
        return None
    assert int(answer.headers["retry-after"]) >= 1
    error: dict[str, Any] = answer.json()["error"]
    return error
