"""Separate processes find each other, and what keeps them from starting is said."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
from collections.abc import Callable, Iterator

import pytest

from cli.cluster import Cluster
from mesh import settings
from mesh.rpc.server import StartError

Make = Callable[..., Cluster]


@pytest.fixture
def make() -> Iterator[Make]:
    """Lays clusters out that let go of their ports after the test."""
    with contextlib.ExitStack() as stack:

        def made(environ: dict[str, str], *arguments: dict[str, int]) -> Cluster:
            cluster = Cluster(environ, *arguments)
            stack.callback(cluster.close)
            return cluster

        yield made


@pytest.fixture
def environ(tmp_path: pathlib.Path) -> dict[str, str]:
    return {"CREDPASS_DATA": str(tmp_path), "CREDPASS_GATEWAY_LISTEN": "127.0.0.1:0"}


def test_every_replica_has_a_name_and_ports_of_its_own(make: Make, environ: dict[str, str]) -> None:
    replicas = make(environ).replicas
    services = [each.service for each in replicas.values()]
    assert {service: services.count(service) for service in settings.PORTS} == dict.fromkeys(settings.PORTS, 1) | {
        "analysis": 2,
        "gateway": 2,
    }
    loaded = {name: settings.Settings.load(each.environ) for name, each in replicas.items()}
    assert {name: each.instance for name, each in loaded.items()} == {name: name for name in replicas}
    own = [each.listen(replicas[name].service) for name, each in loaded.items() if replicas[name].service != "gateway"]
    side = [(each.ops_listen("auth"), each.health_listen("auth")) for each in loaded.values()]
    taken = [*own, *(address for pair in side for address in pair)]
    assert len(set(taken)) == len(taken) == 7 + 2 * 9


def test_a_service_is_reached_at_all_its_replicas(make: Make, environ: dict[str, str]) -> None:
    replicas = make(environ).replicas
    listens = [replicas[name].environ["CREDPASS_ANALYSIS_LISTEN"] for name in ("analysis-1", "analysis-2")]
    targets = {settings.Settings.load(each.environ).target("analysis") for each in replicas.values()}
    assert targets == {"ipv4:" + ",".join(listens)}


def test_the_gateways_share_one_port_even_when_any_will_do(make: Make, environ: dict[str, str]) -> None:
    cluster = make(environ)
    doors = {cluster.replicas[name].environ["CREDPASS_GATEWAY_LISTEN"] for name in ("gateway-1", "gateway-2")}
    assert {f"http://{door}" for door in doors} == {cluster.url}
    assert not cluster.url.endswith(":0")


def test_a_wrong_setting_stops_the_start_with_its_name(make: Make, environ: dict[str, str]) -> None:
    wrong = {**os.environ, **environ, "CREDPASS_EVENTS_URL": "carrier-pigeon://loft"}
    with pytest.raises(StartError, match=r"credpass topics: .*CREDPASS_EVENTS_URL"):
        make(wrong).prepare()


def test_a_process_that_cannot_run_is_named_with_its_reason(make: Make, environ: dict[str, str]) -> None:
    cluster = make({**os.environ, **environ, "CREDPASS_CACHE_URL": "memory:"}, {"analysis": 1, "gateway": 1})
    cluster.prepare()
    cluster.start("auth-1")
    with pytest.raises(StartError, match="auth-1 ended: auth: CREDPASS_CACHE_URL"):
        cluster.wait_ready("auth-1")
    assert cluster.ended() == ["auth-1"]


def test_ports_are_kept_from_others_and_free_for_the_replica(make: Make, environ: dict[str, str]) -> None:
    cluster = make(environ)
    ports = {int(each.ops.rpartition(":")[2]) for each in cluster.replicas.values()}
    for port in ports:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))  # as one does that was given the port by chance
        with socket.create_server(("127.0.0.1", port)):
            pass  # as asyncio and gRPC do: with SO_REUSEADDR
