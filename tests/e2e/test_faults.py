"""What a killed, stopped or hampered system keeps: nothing acknowledged is lost, nothing half-made is seen."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.support.rest import WAIT_S, Person, Rest, new_email, until
from tests.support.slow_upload import SlowUpload
from tests.support.statements import statement
from tests.support.system_process import SystemProcess

pytestmark = pytest.mark.slow

# Rows enough that its analysis is still under way when the answer to the upload is there.
LONG = statement(240, marker="long")


Connect = Callable[[], Rest]


@pytest.fixture
def person(connect: Connect) -> Person:
    return connect().person()


def killed(system: SystemProcess, connect: Connect, person: Person) -> Person:
    """Kill the system and start it again; the same person, with the same access token."""
    system.kill()
    system.start()
    return dataclasses.replace(person, rest=connect())


def uploads(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.rest.data("GET", "/data/uploads", person.token)["uploads"]
    return found


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_kill_in_the_middle_of_an_upload_leaves_nothing_half_made(
    system: SystemProcess, connect: Connect, person: Person
) -> None:
    content = statement(12, marker="half")
    upload = SlowUpload(person, content)
    until(lambda: files(system.data / "blobs") or None, "the first bytes")
    person = killed(system, connect, person)
    assert isinstance(upload.finish(), httpx.HTTPError)
    assert uploads(person) == []
    again = person.upload(content)
    assert again["duplicate"] is False
    assert person.finished(again["uploadId"])["result"]["outcome"] == "scored"
    assert len(uploads(person)) == 1


def kill_at_once(person: Person, upload_id: str) -> None:
    """The answer is there, the analysis is not."""


def kill_when_processed(person: Person, upload_id: str) -> None:
    """The analysis is there, the credential perhaps not."""
    person.finished(upload_id)


def kill_when_listed(person: Person, upload_id: str) -> None:
    """The credential is there, its event perhaps not published."""
    until(lambda: person.credentials() or None, "the credential")


@pytest.mark.parametrize("moment", [kill_at_once, kill_when_processed, kill_when_listed])
def test_an_acknowledged_upload_survives_a_kill_and_gives_one_credential(
    system: SystemProcess, connect: Connect, person: Person, moment: Callable[[Person, str], None]
) -> None:
    institution = person.rest.institution()
    upload = person.upload(LONG)
    moment(person, upload["uploadId"])
    person = killed(system, connect, person)
    credential = person.credential_of(upload["uploadId"])
    assert person.finished(upload["uploadId"])["recordCount"] == 240 * 6
    again = person.upload(LONG)
    assert (again["uploadId"], again["duplicate"]) == (upload["uploadId"], True)
    assert len(uploads(person)) == 1
    (listed,) = person.credentials()
    assert (listed["credentialId"], listed["status"]) == (credential["credentialId"], "active")
    answer = dataclasses.replace(institution, rest=person.rest).verify(credential["verificationToken"])
    assert (answer["valid"], answer["trustScore"]) == (True, credential["trustScore"])


def test_a_revocation_survives_a_kill(system: SystemProcess, connect: Connect, person: Person) -> None:
    institution = person.rest.institution()
    credential = person.credential(statement(6))
    link = person.share(credential["credentialId"], maxUsage=2)
    assert institution.verify(link["token"])["valid"] is True
    person.rest.data("DELETE", f"/credentials/{credential['credentialId']}", person.token)
    person = killed(system, connect, person)
    institution = dataclasses.replace(institution, rest=person.rest)
    for token in (credential["verificationToken"], link["token"]):
        assert institution.verify(token)["reason"] == "revoked"
    results = [
        each["result"]
        for each in person.rest.data("GET", "/institutions/verifications", institution.key)["verifications"]
    ]
    assert results == ["revoked", "revoked", "valid"]


def test_an_ended_session_stays_ended_over_a_kill(system: SystemProcess, connect: Connect, person: Person) -> None:
    other = person.rest.login(person.email)
    person.rest.data("POST", "/auth/logout", person.token)
    person = killed(system, connect, person)
    person.rest.refused("POST", "/auth/refresh", json={"refreshToken": person.refresh_token}, status=401)
    person.rest.data("GET", "/users/profile", other.token)
    fresh = person.rest.data("POST", "/auth/refresh", json={"refreshToken": other.refresh_token})
    person.rest.data("GET", "/users/profile", fresh["accessToken"])
    person.rest.refused("GET", "/users/profile", person.token, status=401)


def is_closed(url: str) -> bool:
    """Whether nobody is let in any more."""
    try:
        httpx.get(f"{url}/healthz", timeout=5)
    except httpx.TransportError:
        return True
    return False


def test_ctrl_c_finishes_what_is_under_way_and_exits_0(system: SystemProcess, connect: Connect, person: Person) -> None:
    institution = person.rest.institution()
    credential = person.credential(statement(6))
    upload = SlowUpload(person, statement(12, marker="drain"))
    stopping: list[int] = []
    stopper = threading.Thread(target=lambda: stopping.append(system.stop()))
    stopper.start()
    until(lambda: is_closed(system.url) or None, "the closed door")
    outcome = upload.finish()
    stopper.join(60)
    assert stopping == [0]
    assert isinstance(outcome, httpx.Response)
    assert outcome.status_code == 202
    system.start()
    person = dataclasses.replace(person, rest=connect())
    assert person.finished(outcome.json()["data"]["uploadId"])["result"]["outcome"] == "scored"
    token = credential["verificationToken"]
    assert dataclasses.replace(institution, rest=person.rest).verify(token)["issuedAt"] == credential["issuedAt"]


@contextlib.contextmanager
def in_the_way(folder: pathlib.Path) -> Iterator[None]:
    """A folder that cannot be used: a file has its name."""
    aside = folder.with_name(folder.name + "-aside")
    folder.rename(aside)
    folder.write_bytes(b"")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


def test_an_upload_that_cannot_be_kept_is_503_and_leaves_nothing(
    system: SystemProcess, connect: Connect, person: Person
) -> None:
    content = statement(6, marker="no room")
    with in_the_way(system.data / "blobs"):
        files = {"file": ("s.csv", content)}
        answer = person.rest.call("POST", "/data/upload", person.token, files=files)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["retry-after"]) >= 1
        assert str(system.data) not in answer.text
    assert uploads(person) == []
    assert person.upload(content)["duplicate"] is False


def test_a_mail_that_cannot_be_sent_is_sent_later(system: SystemProcess, connect: Connect) -> None:
    rest, email = connect(), new_email("later")
    with in_the_way(system.data / "mail"):
        rest.register(email)
    # A first attempt that failed is followed by the next one a minute later.
    token = rest.mailed_token(email, timeout_s=3 * WAIT_S)
    rest.data("POST", "/auth/verify-email", json={"token": token})
    assert rest.login(email).token


def test_a_write_that_has_to_wait_too_long_is_504_and_reads_go_on(
    system: SystemProcess, connect: Connect, person: Person
) -> None:
    body = {"firstName": "Grace", "lastName": "Example", "country": "DE"}
    held = sqlite3.connect(system.data / "credpass.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        headers = {"grpc-timeout": "2S"}
        refused = person.rest.refused("PUT", "/users/profile", person.token, json=body, headers=headers, status=504)
        assert refused["code"] == "DEADLINE_EXCEEDED"
        assert person.rest.data("GET", "/users/profile", person.token)["firstName"] == "Ada"
    finally:
        held.execute("ROLLBACK")
        held.close()
    assert person.rest.data("PUT", "/users/profile", person.token, json=body)["firstName"] == "Grace"
