"""Every service in a process of its own, over one Redis: the same main job, and what it means that one is gone."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import signal
import sqlite3
from collections.abc import Iterator

import pytest

from mesh import settings
from tests.bench import processes
from tests.support import redis_server
from tests.support.redis_server import RedisServer
from tests.support.rest import Rest, until
from tests.support.statements import statement
from tests.support.system_process import QUICK

pytestmark = [pytest.mark.slow, pytest.mark.redis]


@dataclasses.dataclass
class Cluster:
    """The processes, the Redis they share, and a client of the gateway."""

    mesh: processes.Mesh
    redis: RedisServer
    rest: Rest

    def kill(self, service: str) -> None:
        self.mesh.processes[service].kill()
        self.mesh.processes[service].wait()

    def start(self, service: str) -> None:
        self.mesh._start(service, service)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with redis_server.own_server(folder) as redis, contextlib.ExitStack() as stack:
        mesh = processes.Mesh(folder / "data", redis.url, **QUICK, CREDPASS_STUCK_AFTER="5s")
        stack.callback(mesh.close)
        rest = Rest(mesh.gateway(), folder / "data" / "mail")
        stack.callback(rest.http.close)
        yield Cluster(mesh, redis, rest)


def answers_again(rest: Rest, path: str, token: str) -> None:
    """Wait until a route answers: channels find a service that is back by themselves."""
    until(lambda: rest.call("GET", path, token).status_code == 200 or None, f"the answer of {path}", timeout_s=30)


def test_the_main_job_runs_over_separate_processes(cluster: Cluster) -> None:
    person, institution = cluster.rest.person(), cluster.rest.institution()
    credential = person.credential(statement(6))
    link = person.share(credential["credentialId"], maxUsage=1)
    tokens = [credential["verificationToken"], link["token"], link["token"]]
    assert [institution.verify(token)["valid"] for token in tokens] == [True, True, False]
    cluster.rest.data("DELETE", f"/credentials/{credential['credentialId']}", person.token)
    assert institution.verify(credential["verificationToken"])["reason"] == "revoked"


@pytest.mark.parametrize(
    ("service", "path"),
    [("credential", "/credentials"), ("ingestion", "/data/uploads"), ("auth", "/users/profile")],
)
def test_a_service_that_is_gone_is_503_and_takes_nobody_along(cluster: Cluster, service: str, path: str) -> None:
    rest, person = cluster.rest, cluster.rest.person()
    others = {"/credentials", "/data/uploads", "/users/profile"} - {path}
    cluster.kill(service)
    try:
        refused = rest.call("GET", path, person.token)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "UNAVAILABLE")
        assert int(refused.headers["retry-after"]) >= 1
        for other in others:
            rest.data("GET", other, person.token)
    finally:
        cluster.start(service)
    answers_again(rest, path, person.token)


def test_an_upload_waits_for_an_analysis_service_that_is_gone(cluster: Cluster) -> None:
    person = cluster.rest.person()
    cluster.kill("analysis")
    try:
        upload = person.upload(statement(6, marker="waits"))
        assert upload["status"] == "pending"
    finally:
        cluster.start("analysis")
    credential = person.credential_of(upload["uploadId"])
    assert [each["credentialId"] for each in person.credentials()] == [credential["credentialId"]]


def test_an_analysis_waits_for_a_credential_service_that_is_gone(cluster: Cluster) -> None:
    person = cluster.rest.person()
    cluster.kill("credential")
    try:
        upload = person.upload(statement(6, marker="waits too"))
        assert person.finished(upload["uploadId"])["result"]["outcome"] == "scored"
    finally:
        cluster.start("credential")
    answers_again(cluster.rest, "/credentials", person.token)
    assert person.credential_of(upload["uploadId"])["status"] == "active"
    assert len(person.credentials()) == 1


def test_withdrawing_is_not_acknowledged_while_credentials_cannot_be_stopped(cluster: Cluster) -> None:
    rest, person, institution = cluster.rest, cluster.rest.person(), cluster.rest.institution()
    credential = person.credential(statement(6, marker="withdrawn"))
    assert institution.verify(credential["verificationToken"])["valid"] is True
    cluster.kill("credential")
    try:
        rest.refused("DELETE", "/consent", person.token, status=503)
        erased = rest.refused("DELETE", "/users/account", person.token, status=503)
        assert erased["code"] == "ERASURE_INCOMPLETE"
    finally:
        cluster.start("credential")

    def look() -> bool | None:
        answer = rest.call("GET", f"/verify/{credential['verificationToken']}", institution.key)
        return (answer.status_code == 200 and not answer.json()["data"]["valid"]) or None

    until(look, "the end of the credential, by itself")


def test_without_redis_nobody_is_let_in_unseen_and_with_a_new_one_nothing_is_forgotten(cluster: Cluster) -> None:
    rest, person, institution = cluster.rest, cluster.rest.person(), cluster.rest.institution()
    ended = rest.login(person.email)
    rest.data("POST", "/auth/logout", ended.token)
    credential = person.credential(statement(6, marker="redis"))
    token = credential["verificationToken"]
    cluster.redis.stop()
    try:
        for path, key in (("/users/profile", person.token), (f"/verify/{token}", institution.key)):
            refused = rest.refused("GET", path, key, status=503)
            assert refused["code"] == "UNAVAILABLE"
        assert rest.http.get("/readyz").status_code == 503
        assert rest.http.get("/healthz").status_code == 200
    finally:
        cluster.redis.start()
    answers_again(rest, "/users/profile", person.token)
    assert institution.verify(token)["valid"] is True
    rest.refused("POST", "/auth/refresh", json={"refreshToken": ended.refresh_token}, status=401)
    rest.data("DELETE", f"/credentials/{credential['credentialId']}", person.token)
    assert institution.verify(token)["reason"] == "revoked"


def test_a_request_is_followed_through_logs_and_events_of_all_it_touched(cluster: Cluster) -> None:
    person = cluster.rest.person()
    # Consent is an event that asks for an analysis too: once there is a credential, it has been heard.
    person.credential(statement(6))
    files = {"file": ("s.csv", statement(6, marker="followed"))}
    answer = cluster.rest.call("POST", "/data/upload", person.token, files=files)
    person.credential_of(answer.json()["data"]["uploadId"])
    correlation_id = answer.headers["x-correlation-id"]
    folder = cluster.mesh.folder
    for name in ("gateway", "ingestion", "auth", "analysis"):
        assert_in_log(folder / f"{name}.log", correlation_id)
        lines = (folder / f"{name}.log").read_text()
        assert person.email not in lines
        assert person.token not in lines
    kinds = {"data.ingested", "analysis.completed", "credential.generated", "call.audited"}
    until(lambda: kinds <= caused(folder, correlation_id) or None, "the events of the request")


def assert_in_log(log: pathlib.Path, text: str) -> None:
    until(lambda: text in log.read_text() or None, f"{text} in {log.name}", timeout_s=10)


def caused(folder: pathlib.Path, correlation_id: str) -> set[str]:
    """Types of the events that carry a correlation id."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'events.db'}?mode=ro", uri=True)) as database:
        events = [json.loads(value) for (value,) in database.execute("SELECT value FROM records")]
    return {event["eventType"] for event in events if event["metadata"]["correlationId"] == correlation_id}


# The last of the file: nothing runs afterwards.
def test_every_process_ends_with_0_when_it_is_told_to(cluster: Cluster) -> None:
    for process in cluster.mesh.processes.values():
        process.send_signal(signal.SIGTERM)
    ended = {name: process.wait(60) for name, process in cluster.mesh.processes.items()}
    assert ended == dict.fromkeys(("gateway", *settings.SERVICES), 0)
