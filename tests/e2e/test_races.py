"""The same thing asked for many times at once: what must be one is one, and what has stopped has stopped for all."""

from __future__ import annotations

import collections
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.rest import API, PASSWORD, Institution, Person, Rest, new_email, until
from tests.support.statements import statement

AT_ONCE = 12


@pytest.fixture(scope="module")
def http(rest: Rest) -> Any:
    """A client with a connection for everybody."""
    limits = httpx.Limits(max_connections=4 * AT_ONCE)
    with httpx.Client(base_url=rest.url + API, limits=limits, timeout=60) as client:
        yield client


def together(call: Callable[[int], httpx.Response], times: int = AT_ONCE) -> list[httpx.Response]:
    """The answers to calls that start at the same moment, in the order of their numbers."""
    start = threading.Barrier(times)

    def one(number: int) -> httpx.Response:
        start.wait()
        return call(number)

    with concurrent.futures.ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    return dict(collections.Counter(answer.status_code for answer in answers))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_one_e_mail_registered_many_times_at_once_is_one_account(rest: Rest, http: httpx.Client) -> None:
    email = new_email("race")
    body = {"email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "Sample", "country": "CZ"}
    answers = together(lambda _: http.post("/auth/register", json=body))
    assert statuses(answers) == {201: AT_ONCE}
    ids = {answer.json()["data"]["userId"] for answer in answers}
    assert len(ids) == AT_ONCE
    rest.data("POST", "/auth/verify-email", json={"token": rest.mailed_token(email)})
    assert rest.login(email).user_id in ids


def test_a_mailed_token_used_many_times_at_once_works_once(rest: Rest, http: httpx.Client) -> None:
    email = new_email("race")
    rest.register(email)
    token = rest.mailed_token(email)
    answers = together(lambda _: http.post("/auth/verify-email", json={"token": token}))
    assert statuses(answers) == {200: 1, 400: AT_ONCE - 1}


def test_a_refresh_token_used_many_times_at_once_gives_at_most_one_pair_and_ends_the_session(
    rest: Rest, http: httpx.Client
) -> None:
    person = rest.person(consent=False)
    answers = together(lambda _: http.post("/auth/refresh", json={"refreshToken": person.refresh_token}))
    counts = statuses(answers)
    assert set(counts) <= {200, 401}
    assert counts.get(200, 0) <= 1
    for answer in answers:
        if answer.status_code == 200:
            fresh = answer.json()["data"]
            rest.refused("POST", "/auth/refresh", json={"refreshToken": fresh["refreshToken"]}, status=401)
            rest.refused("GET", "/users/profile", fresh["accessToken"], status=401)


def test_the_same_file_uploaded_many_times_at_once_is_one_upload(rest: Rest, http: httpx.Client) -> None:
    person, content = rest.person(), statement(6, marker="race")
    answers = together(
        lambda _: http.post("/data/upload", files={"file": ("s.csv", content)}, headers=bearer(person.token))
    )
    assert statuses(answers) == {202: AT_ONCE}
    received = [answer.json()["data"] for answer in answers]
    assert len({each["uploadId"] for each in received}) == 1
    assert sum(not each["duplicate"] for each in received) == 1
    credential = person.credential_of(received[0]["uploadId"])
    assert [each["credentialId"] for each in person.credentials()] == [credential["credentialId"]]
    assert len(rest.data("GET", "/data/uploads", person.token)["uploads"]) == 1


def test_many_files_at_once_end_in_one_active_credential_that_covers_them_all(
    rest: Rest, http: httpx.Client, institution: Institution
) -> None:
    person = rest.person()
    answers = together(
        lambda number: http.post(
            "/data/upload",
            files={"file": ("s.csv", statement(6, marker=f"race {number}"))},
            headers=bearer(person.token),
        ),
        6,
    )
    assert statuses(answers) == {202: 6}
    uploads = [person.finished(answer.json()["data"]["uploadId"]) for answer in answers]
    assert {upload["status"] for upload in uploads} == {"processed"}

    def look() -> dict[str, Any] | None:
        last = {person.finished(upload["uploadId"])["result"]["analysisId"] for upload in uploads}
        active = [each for each in person.credentials() if each["status"] == "active"]
        if len(last) != 1 or len(active) != 1:
            return None
        found: dict[str, Any] = rest.data("GET", f"/credentials/{active[0]['credentialId']}", person.token)
        return found if found["metadata"]["analysisId"] in last else None

    credential = until(look, "one credential for all")
    assert institution.verify(credential["verificationToken"])["valid"] is True
    others = [each["status"] for each in person.credentials() if each["credentialId"] != credential["credentialId"]]
    assert set(others) <= {"superseded"}


def test_links_made_at_once_are_never_too_many(rest: Rest, http: httpx.Client) -> None:
    person = rest.person()
    credential = person.credential(statement(6, marker="links"))
    path = f"/credentials/{credential['credentialId']}/share"
    answers = together(lambda _: http.post(path, json={}, headers=bearer(person.token)), 30)
    assert statuses(answers) == {201: 20, 409: 10}
    links = rest.data("GET", f"/credentials/{credential['credentialId']}", person.token)["sharingLinks"]
    assert len(links) == 20


def test_keys_made_at_once_are_never_too_many(rest: Rest, http: httpx.Client) -> None:
    institution = rest.institution()
    for _ in range(44):
        institution.new_key("verify")
    body = {"name": "race", "scopes": ["verify"]}
    answers = together(lambda _: http.post("/institutions/api-keys", json=body, headers=bearer(institution.key)))
    assert statuses(answers) == {201: 5, 409: AT_ONCE - 5}
    keys = rest.data("GET", "/institutions/api-keys", institution.key)["apiKeys"]
    assert [key["status"] for key in keys] == ["active"] * 50


def test_one_key_at_once_has_one_effect(rest: Rest, http: httpx.Client) -> None:
    person = rest.person()
    credential = person.credential(statement(6, marker="one key"))
    path, headers = f"/credentials/{credential['credentialId']}/share", {"idempotency-key": '"one key"'}
    answers = together(lambda _: http.post(path, json={}, headers={**headers, **bearer(person.token)}))
    made = [answer.json()["data"]["linkId"] for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len(made) + len(busy) == len(answers)
    assert {answer.json()["error"]["code"] for answer in busy} <= {"IDEMPOTENCY_KEY_IN_USE"}
    assert all("retry-after" in answer.headers for answer in busy)
    links = rest.data("GET", f"/credentials/{credential['credentialId']}", person.token)["sharingLinks"]
    assert [link["linkId"] for link in links] == list(set(made))


@pytest.mark.parametrize("what", ["credential", "link", "consent", "account", "key"])
def test_nothing_verifies_once_its_end_is_acknowledged(rest: Rest, http: httpx.Client, what: str) -> None:
    """Institutions hammer the token while it is stopped: an answer that began after the acknowledgement never holds."""
    person, institution = rest.person(), rest.institution()
    credential = person.credential(statement(6, marker="stop"))
    link = person.share(credential["credentialId"], maxUsage=1000)
    second = institution.new_key("verify")
    token = link["token"] if what == "link" else credential["verificationToken"]
    key = second["apiKey"] if what == "key" else institution.key
    path = f"/credentials/{credential['credentialId']}"
    end = {
        "credential": (path, person.token),
        "link": (f"{path}/share/{link['linkId']}", person.token),
        "consent": ("/consent", person.token),
        "account": ("/users/account", person.token),
        "key": (f"/institutions/api-keys/{second['key']['keyId']}", institution.key),
    }[what]
    stopped, done = threading.Event(), threading.Event()
    late: list[httpx.Response] = []
    early: list[httpx.Response] = []

    def hammer(_: int) -> None:
        while not done.is_set():
            was_stopped = stopped.is_set()
            (late if was_stopped else early).append(http.get(f"/verify/{token}", headers=bearer(key)))

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        running = [threads.submit(hammer, number) for number in range(6)]
        until(lambda: len(early) >= 20 or None, "answers before")
        answer = http.delete(end[0], headers=bearer(end[1]))
        stopped.set()
        until(lambda: len(late) >= 40 or None, "answers after")
        done.set()
        for each in running:
            each.result()
    assert answer.status_code == 200, answer.text
    assert any(each.status_code == 200 and each.json()["data"]["valid"] for each in early)
    assert {each.status_code for each in late} == {401 if what == "key" else 200}
    assert not [each for each in late if each.status_code == 200 and each.json()["data"]["valid"]]


def test_an_account_erased_while_it_uploads_leaves_nothing(rest: Rest, http: httpx.Client) -> None:
    person = rest.person()

    def call(number: int) -> httpx.Response:
        if number == AT_ONCE // 2:
            return http.delete("/users/account", headers=bearer(person.token))
        files = {"file": ("s.csv", statement(6, marker=f"erased {number}"))}
        return http.post("/data/upload", files=files, headers=bearer(person.token))

    answers = together(call)
    assert answers[AT_ONCE // 2].status_code == 200
    assert all(answer.status_code < 500 for answer in answers), statuses(answers)
    rest.refused("GET", "/data/uploads", person.token, status=401)


def test_sessions_opened_while_the_password_is_reset_do_not_survive(rest: Rest, http: httpx.Client) -> None:
    person: Person = rest.person(consent=False)
    rest.data("POST", "/auth/forgot-password", json={"email": person.email}, status=202)
    token = rest.mailed_token(person.email, nth=2)

    def call(number: int) -> httpx.Response:
        if number == 0:
            return http.post("/auth/reset-password", json={"token": token, "password": "an entirely new one"})
        return http.post("/auth/login", json={"email": person.email, "password": PASSWORD})

    answers = together(call, 6)
    assert answers[0].status_code == 200
    for answer in answers[1:]:
        assert answer.status_code in {200, 401, 409, 429}
        if answer.status_code == 200:
            body = {"refreshToken": answer.json()["data"]["refreshToken"]}
            rest.refused("POST", "/auth/refresh", json=body, status=401)
