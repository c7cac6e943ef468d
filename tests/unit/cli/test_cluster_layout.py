"""Separate processes find each other, and what keeps them from starting is said."""

from __future__ import annotations

import os
import pathlib

import pytest

from cli.cluster import Cluster
from mesh import settings
from mesh.rpc.server import StartError


@pytest.fixture
def environ(tmp_path: pathlib.Path) -> dict[str, str]:
    return {"CREDPASS_DATA": str(tmp_path), "CREDPASS_GATEWAY_LISTEN": "127.0.0.1:0"}


def test_every_replica_has_a_name_and_ports_of_its_own(environ: dict[str, str]) -> None:
    replicas = Cluster(environ).replicas
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


def test_a_service_is_reached_at_all_its_replicas(environ: dict[str, str]) -> None:
    replicas = Cluster(environ).replicas
    listens = [replicas[name].environ["CREDPASS_ANALYSIS_LISTEN"] for name in ("analysis-1", "analysis-2")]
    targets = {settings.Settings.load(each.environ).target("analysis") for each in replicas.values()}
    assert targets == {"ipv4:" + ",".join(listens)}


def test_the_gateways_share_one_port_even_when_any_will_do(environ: dict[str, str]) -> None:
    cluster = Cluster(environ)
    doors = {cluster.replicas[name].environ["CREDPASS_GATEWAY_LISTEN"] for name in ("gateway-1", "gateway-2")}
    assert {f"http://{door}" for door in doors} == {cluster.url}
    assert not cluster.url.endswith(":0")


def test_a_wrong_setting_stops_the_start_with_its_name(environ: dict[str, str]) -> None:
    wrong = {**os.environ, **environ, "CREDPASS_EVENTS_URL": "carrier-pigeon://loft"}
    with pytest.raises(StartError, match=r"credpass topics: .*CREDPASS_EVENTS_URL"):
        Cluster(wrong).prepare()


def test_a_process_that_cannot_run_is_named_with_its_reason(environ: dict[str, str]) -> None:
    cluster = Cluster({**os.environ, **environ, "CREDPASS_CACHE_URL": "memory:"}, {"analysis": 1, "gateway": 1})
    cluster.prepare()
    cluster.start("auth-1")
    try:
        with pytest.raises(StartError, match="auth-1 ended: auth: CREDPASS_CACHE_URL"):
            cluster.wait_ready("auth-1")
        assert cluster.ended() == ["auth-1"]
    finally:
        cluster.stop()
