"""Idempotency-Key: a POST that is made again with its key has one effect and the answer of the first."""

from __future__ import annotations

import http.client
import json
import pathlib
import secrets
from typing import Any

import httpx
import pytest

from mesh import mail
from tests.support.rest import API, WAIT_S, Institution, Person, Rest, new_email, until
from tests.support.slow_upload import SlowUpload
from tests.support.statements import statement
from tests.support.system_process import SystemProcess


def new_key() -> str:
    return secrets.token_hex(12)


def post(rest: Rest, path: str, key: str, token: str = "", **request: Any) -> httpx.Response:
    return rest.call("POST", path, token, headers={"idempotency-key": key}, **request)


def is_replay(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("idempotency-replayed") == "true")


@pytest.fixture(scope="module")
def person(rest: Rest) -> Person:
    return rest.person()


@pytest.fixture(scope="module")
def uploader(rest: Rest) -> Person:
    """Whose uploads supersede nobody's credential that a test shares."""
    return rest.person()


@pytest.fixture(scope="module")
def credential(person: Person) -> dict[str, Any]:
    return person.credential(statement(8, marker="idempotency"))


@pytest.fixture(scope="module")
def institution(rest: Rest) -> Institution:
    return rest.institution()


def test_registering_again_gives_the_same_account_and_one_mail(rest: Rest) -> None:
    email, key = new_email("twice"), new_key()
    body = {"email": email, "password": "correct horse battery", "firstName": "A", "lastName": "B", "country": "CZ"}
    first, second = (post(rest, "/auth/register", key, json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["data"] == second.json()["data"]
    assert (is_replay(first), is_replay(second)) == (False, True)
    rest.mailed_token(email)
    assert len([letter for letter in mail.read_mailbox(rest.mailbox) if letter.to == email]) == 1


def test_a_share_link_is_made_once(rest: Rest, person: Person, credential: dict[str, Any]) -> None:
    path, key = f"/credentials/{credential['credentialId']}/share", new_key()
    first, second = (post(rest, path, key, person.token, json={"maxUsage": 3}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["data"] == second.json()["data"]
    third = post(rest, path, new_key(), person.token, json={"maxUsage": 3})
    assert third.json()["data"]["linkId"] != first.json()["data"]["linkId"]
    links = rest.data("GET", f"/credentials/{credential['credentialId']}", person.token)["sharingLinks"]
    assert {link["linkId"] for link in links} == {each.json()["data"]["linkId"] for each in (first, third)}


def test_an_api_key_is_shown_again_to_who_asked_for_it(rest: Rest, institution: Institution) -> None:
    key, body = new_key(), {"name": "again", "scopes": ["verify"]}
    first, second = (post(rest, "/institutions/api-keys", key, institution.key, json=body) for _ in range(2))
    assert first.json()["data"]["apiKey"] == second.json()["data"]["apiKey"]
    listed = rest.data("GET", "/institutions/api-keys", institution.key)["apiKeys"]
    assert [each["name"] for each in listed].count("again") == 1


def test_an_upload_is_taken_once_with_its_status_and_place(rest: Rest, uploader: Person) -> None:
    key, files = new_key(), {"file": ("s.csv", statement(5, marker="idempotent upload"))}
    first, second = (post(rest, "/data/upload", key, uploader.token, files=files) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["data"] == second.json()["data"]
    assert first.headers["location"] == second.headers["location"]
    assert is_replay(second)


def test_another_body_under_the_same_key_is_refused(
    rest: Rest, person: Person, uploader: Person, credential: dict[str, Any]
) -> None:
    path, key = f"/credentials/{credential['credentialId']}/share", new_key()
    assert post(rest, path, key, person.token, json={"maxUsage": 4}).status_code == 201
    refused = post(rest, path, key, person.token, json={"maxUsage": 5})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    upload = new_key()
    one, two = ({"file": ("s.csv", statement(5, marker=marker))} for marker in ("body one", "body two"))
    assert post(rest, "/data/upload", upload, uploader.token, files=one).status_code == 202
    assert post(rest, "/data/upload", upload, uploader.token, files=two).status_code == 422


def answer_to_a_head(rest: Rest, path: str, head: dict[str, str], first_bytes: bytes) -> tuple[int, Any, str]:
    """Status, body and Retry-After of an answer that comes while the body does not."""
    connection = http.client.HTTPConnection(rest.url.removeprefix("http://"), timeout=WAIT_S)
    try:
        connection.putrequest("POST", API + path)
        for name, value in {"content-length": "100000", "expect": "100-continue", **head}.items():
            connection.putheader(name, value)
        connection.endheaders(first_bytes)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers["retry-after"]
    finally:
        connection.close()


def files(folder: pathlib.Path) -> set[pathlib.Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.one_stack("embedded", reason="it looks into the folder of blobs to see that the first bytes came")
def test_a_key_under_way_is_refused_before_the_body_has_come(rest: Rest, system: SystemProcess) -> None:
    person, key = rest.person(), new_key()
    before = files(system.data / "blobs")
    upload = SlowUpload(person, statement(5, marker="slow with a key"), key)
    try:
        until(lambda: files(system.data / "blobs") - before or None, "the first bytes")
        head = {
            "authorization": f"Bearer {person.token}",
            "content-type": "multipart/form-data; boundary=b",
            "idempotency-key": key,
        }
        status, body, retry_after = answer_to_a_head(rest, "/data/upload", head, b"--b\r\n")
        assert (status, body["error"]["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
        assert int(retry_after) >= 1
    finally:
        outcome = upload.finish()
    assert isinstance(outcome, httpx.Response)
    assert outcome.status_code == 202
    assert len(rest.data("GET", "/data/uploads", person.token)["uploads"]) == 1


def test_a_key_is_its_callers_own(rest: Rest, person: Person) -> None:
    """Somebody else's same key with another body is neither refused nor answered with what the first one got."""
    key, other = new_key(), rest.person()
    body = {"dataProcessing": True, "marketing": True, "consentVersion": "1.0"}
    assert post(rest, "/consent", key, person.token, json=body).status_code == 200
    answer = post(rest, "/consent", key, other.token, json={**body, "marketing": False})
    assert answer.status_code == 200
    assert answer.json()["data"]["marketing"] is False
    assert not is_replay(answer)


def test_strangers_with_the_same_key_do_not_meet(rest: Rest) -> None:
    key, first, second = new_key(), new_email("one"), new_email("two")
    body = {"password": "correct horse battery", "firstName": "A", "lastName": "B", "country": "CZ"}
    answers = [post(rest, "/auth/register", key, json={**body, "email": email}) for email in (first, second)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["data"]["userId"] for answer in answers}) == 2


def test_a_refusal_for_good_is_kept(rest: Rest, person: Person) -> None:
    key = new_key()
    answers = [post(rest, "/credentials/cred_none/share", key, person.token, json={}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert is_replay(answers[1])


@pytest.mark.parametrize("text", ["", '"', '"open', "a" * 256, '"a" ;b', "two words", '""', "caf\xe9"])
def test_what_is_no_key_is_refused_by_name(rest: Rest, person: Person, text: str) -> None:
    body = {"dataProcessing": True, "marketing": False, "consentVersion": "1.0"}
    answer = rest.call("POST", "/consent", person.token, headers={"idempotency-key": text.encode("latin-1")}, json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["Idempotency-Key"]


def test_two_keys_in_one_request_are_refused_by_name(rest: Rest, person: Person) -> None:
    body = {"dataProcessing": True, "marketing": False, "consentVersion": "1.0"}
    for keys in (("one", "two"), ("same", "same"), ('"half', 'half"')):
        lines = [("authorization", f"Bearer {person.token}"), *(("idempotency-key", key) for key in keys)]
        answer = rest.http.post(f"{API}/consent", headers=lines, json=body)
        assert answer.status_code == 400
        assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["Idempotency-Key"]


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh"])
def test_routes_that_take_no_key_do_not_mind_one(rest: Rest, path: str) -> None:
    body = {"email": "nobody@example.com", "password": "x"} if path == "/auth/login" else {"refreshToken": "x"}
    answers = [post(rest, path, "same", json=body) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {401}
    assert not any(is_replay(answer) for answer in answers)


def test_every_post_takes_a_key_but_those_of_sessions(rest: Rest) -> None:
    paths = rest.http.get("/openapi.json").json()["paths"]
    without = {
        path.removeprefix(API)
        for path, methods in paths.items()
        if "post" in methods
        and {"$ref": "#/components/parameters/Idempotency-Key"} not in methods["post"].get("parameters", [])
    }
    assert without == {"/auth/login", "/auth/refresh", "/auth/logout"}
