"""Idempotency-Key over the whole system: one effect and one answer, however often a call is made."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.support.rest import Institution, Person, Rest, new_email
from tests.support.statements import statement

ANSWERED_BEFORE = "idempotency-replayed"


def _named(key: str) -> dict[str, str]:
    return {"idempotency-key": f'"{key}"'}


def _new_key() -> str:
    return secrets.token_hex(16)


def _create(institution: Institution, key: str, name: str = "one") -> httpx.Response:
    body = {"name": name, "scopes": ["verify"]}
    return institution.rest.call("POST", "/institutions/api-keys", institution.key, json=body, headers=_named(key))


def _upload(person: Person, key: str, content: bytes) -> httpx.Response:
    files = {"file": ("statement.csv", content)}
    return person.rest.call("POST", "/data/upload", person.token, files=files, headers=_named(key))


def test_same_key_and_body_gets_the_same_secret_again_and_one_key_is_made(rest: Rest) -> None:
    lender, key = rest.institution(), _new_key()
    first, second = _create(lender, key), _create(lender, key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert ANSWERED_BEFORE not in first.headers
    assert second.headers[ANSWERED_BEFORE] == "true"
    assert len(rest.data("GET", "/institutions/api-keys", lender.key)["apiKeys"]) == 2


def test_key_with_another_body_is_refused_and_nothing_is_done(rest: Rest) -> None:
    lender, key = rest.institution(), _new_key()
    assert _create(lender, key).status_code == 201
    other = _create(lender, key, name="two")
    assert other.status_code == 422
    assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert len(rest.data("GET", "/institutions/api-keys", lender.key)["apiKeys"]) == 2


def test_key_of_one_caller_is_nothing_to_another(rest: Rest) -> None:
    key = _new_key()
    mine, theirs = _create(rest.institution(), key), _create(rest.institution(), key, name="two")
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert ANSWERED_BEFORE not in theirs.headers


def test_twelve_calls_at_once_with_one_key_have_one_effect(rest: Rest) -> None:
    lender, key = rest.institution(), _new_key()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: _create(lender, key), range(12)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert made
    assert len({answer.json()["data"]["apiKey"] for answer in made}) == 1
    assert len(rest.data("GET", "/institutions/api-keys", lender.key)["apiKeys"]) == 2


def test_upload_is_answered_again_with_status_and_location_and_another_file_is_refused(rest: Rest) -> None:
    person, key = rest.person(), _new_key()
    first, second = _upload(person, key, statement()), _upload(person, key, statement())
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert second.headers[ANSWERED_BEFORE] == "true"
    assert _upload(person, key, statement() + b"\n").status_code == 422
    assert len(rest.data("GET", "/data/uploads", person.token)["uploads"]) == 1


def test_refusal_for_good_is_given_again(rest: Rest) -> None:
    key, body = _new_key(), {"token": "mt_" + "0" * 32}
    first, second = (rest.call("POST", "/auth/verify-email", json=body, headers=_named(key)) for _ in range(2))
    assert second.status_code == first.status_code
    assert second.json()["error"] == first.json()["error"]
    assert second.headers[ANSWERED_BEFORE] == "true"


def test_strangers_with_the_same_key_and_other_bodies_learn_nothing_of_each_other(rest: Rest) -> None:
    key = _new_key()
    for _ in range(2):
        answer = rest.call("POST", "/auth/forgot-password", json={"email": new_email("s")}, headers=_named(key))
        assert answer.status_code == 202
        assert ANSWERED_BEFORE not in answer.headers


def test_malformed_key_is_refused_by_name(rest: Rest) -> None:
    for text in ('""', '"open', "a b", "x" * 256):
        error = rest.refused(
            "POST",
            "/auth/forgot-password",
            status=400,
            json={"email": new_email("m")},
            headers={"idempotency-key": text},
        )
        assert error["details"][0]["field"] == "Idempotency-Key"
