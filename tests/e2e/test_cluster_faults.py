"""What a cluster keeps when its parts are killed in the middle of the main job, and how soon it works again."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.synchronous import database as databases

from tests.support import cluster_faults, kafka_replay
from tests.support.cluster_system import ClusterSystem
from tests.support.rest import Institution, Rest, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_stack("cluster", reason="test_faults.py kills the embedded system's one process"),
]

Database = databases.Database[dict[str, Any]]

LOOK_MS = 60_000
# What a sweep takes away within minutes, whatever else happens.
SHORT_LIVED = frozenset({"attempts"})
REPLICAS = ("auth-1", "ingestion-1", "analysis-1", "credential-1", "verification-1", "audit-1", "gateway-1")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterSystem]:
    with cluster_faults.running(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.mark.parametrize("name", REPLICAS)
def test_a_killed_process_takes_nothing_with_it(
    cluster: ClusterSystem, rest: Rest, institution: Institution, name: str
) -> None:
    with cluster_faults.busy(cluster, rest, institution):
        cluster.processes.kill(name)
        cluster.processes.start(name)
    cluster.processes.wait_ready()


def test_processes_end_in_turn_and_start_again_under_traffic(
    cluster: ClusterSystem, rest: Rest, institution: Institution
) -> None:
    with cluster_faults.busy(cluster, rest, institution):
        for name in cluster.processes.replicas:
            assert cluster.processes.stop(name) == {name: 0}
            cluster.processes.start(name)
            cluster.processes.wait_ready(name)


def test_the_audit_trail_is_whole_after_all_of_it(cluster: ClusterSystem) -> None:
    command = [sys.executable, "-m", "cli.main", "check-audit"]
    done = subprocess.run(command, env=cluster.environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_told_everything_again_every_group_changes_nothing(cluster: ClusterSystem) -> None:
    until(lambda: quiet(cluster) or None, "the end of what is under way")
    consumers = [name for name, each in cluster.processes.replicas.items() if each.service != "gateway"]
    assert set(cluster.processes.stop().values()) == {0}
    before = documents(cluster)
    asyncio.run(kafka_replay.rewind(cluster.environ))
    assert asyncio.run(kafka_replay.lag(cluster.environ)) > 0
    cluster.processes.start(*consumers)
    cluster.processes.wait_ready(*consumers)
    until(lambda: quiet(cluster) or None, "the end of the replay", timeout_s=180)
    assert set(cluster.processes.stop(*consumers).values()) == {0}
    after = documents(cluster)
    assert after.keys() == before.keys()
    for name, found in after.items():
        left = before[name].keys() & found.keys() if name in SHORT_LIVED else before[name].keys()
        assert found == {key: before[name][key] for key in left}, name


def quiet(cluster: ClusterSystem) -> bool:
    """Whether every event was published and handled, and none came of that meanwhile."""
    with store(cluster) as database:
        first = numbers(database)
        published = not any(database[name].count_documents({"_outbox": {"$exists": True}}) for name in names(database))
        handled = published and asyncio.run(kafka_replay.lag(cluster.environ)) == 0
        return handled and numbers(database) == first


def documents(cluster: ClusterSystem) -> dict[str, dict[Any, Any]]:
    """Every document, by collection and id."""
    with store(cluster) as database:
        return {name: {each["_id"]: each for each in database[name].find()} for name in names(database)}


@contextlib.contextmanager
def store(cluster: ClusterSystem) -> Iterator[Database]:
    """The database behind the system's back."""
    url = cluster.environ["CREDPASS_DOCUMENTS_URL"]
    with pymongo.MongoClient[dict[str, Any]](url, timeoutMS=LOOK_MS) as client:
        yield client.get_default_database()


def names(database: Database) -> list[str]:
    """The collections, but for what the store keeps of itself."""
    return [name for name in database.list_collection_names() if name != "_mesh"]


def numbers(database: Database) -> int:
    """How many events there have been."""
    found = database["_mesh"].find_one({"_id": "outbox"})
    assert found is not None
    return int(found["seq"])
