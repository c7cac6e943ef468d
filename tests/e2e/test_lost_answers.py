"""A POST with a key whose answer was lost as the system was killed: made again it has the same ids, and one effect."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.support.rest import API, PASSWORD, Institution, Rest, new_email, until
from tests.support.statements import statement
from tests.support.system_process import SystemProcess

pytestmark = pytest.mark.slow

CLAIMS = [f"c_idempotency_keys_{service}" for service in ("auth", "credential", "ingestion")]
# SQL: a claim that has its answer (documents are JSON, and what is sealed in them is base64).
ANSWERED = "instr({row}data, CAST('\"answer\":' AS BLOB))"
TIMEOUT_S = 60.0


@dataclasses.dataclass(frozen=True)
class Post:
    """A POST with a key, to be made again byte for byte."""

    path: str
    token: str
    body: dict[str, Any]
    key: str = dataclasses.field(default_factory=lambda: secrets.token_hex(12))

    def __call__(self, url: str) -> httpx.Response:
        headers = {"idempotency-key": self.key}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        return httpx.post(url + API + self.path, headers=headers, timeout=TIMEOUT_S, **self.body)


class Round:
    """A POST of each kind that makes something, and how to see how often it was made."""

    def __init__(self, rest: Rest, name: str) -> None:
        self.sharer, self.uploader, self.institution = rest.person(), rest.person(), rest.institution()
        self.credential_id = self.sharer.credential(statement(6, marker=name))["credentialId"]
        self.email, self.lender, self.key_name = new_email("lost"), new_email("lender"), f"key {name}"
        account = {"email": self.email, "password": PASSWORD, "firstName": "A", "lastName": "B", "country": "CZ"}
        lender = {"name": "A Bank", "type": "bank", "email": self.lender}
        api_key = {"name": self.key_name, "scopes": ["verify"]}
        upload = {"file": ("s.csv", statement(6, marker=f"{name} upload"))}
        self.posts = {
            "account": Post("/auth/register", "", {"json": account}),
            "institution": Post("/institutions/register", "", {"json": lender}),
            "key": Post("/institutions/api-keys", self.institution.key, {"json": api_key}),
            "link": Post(f"/credentials/{self.credential_id}/share", self.sharer.token, {"json": {"maxUsage": 3}}),
            "upload": Post("/data/upload", self.uploader.token, {"files": upload}),
        }

    def check(self, rest: Rest, answers: dict[str, Any]) -> None:
        """Each thing is there once, under the id and with the secret that were answered."""
        rest.data("POST", "/auth/verify-email", json={"token": rest.mailed_token(self.email)})
        assert rest.login(self.email).user_id == answers["account"]["userId"]
        self._check_keys(rest, answers)
        links = rest.data("GET", f"/credentials/{self.credential_id}", self.sharer.token)["sharingLinks"]
        assert [link["linkId"] for link in links] == [answers["link"]["linkId"]]
        uploads = rest.data("GET", "/data/uploads", self.uploader.token)["uploads"]
        assert [upload["uploadId"] for upload in uploads] == [answers["upload"]["uploadId"]]
        uploader = dataclasses.replace(self.uploader, rest=rest)
        uploader.credential_of(answers["upload"]["uploadId"])
        assert len(uploader.credentials()) == 1

    def _check_keys(self, rest: Rest, answers: dict[str, Any]) -> None:
        rest.data("POST", "/auth/verify-email", json={"token": rest.mailed_token(self.lender)})
        key = answers["institution"]["apiKey"]
        (first,) = rest.data("GET", "/institutions/api-keys", key)["apiKeys"]
        assert first["keyId"] == answers["institution"]["key"]["keyId"]
        keys = rest.data("GET", "/institutions/api-keys", self.institution.key)["apiKeys"]
        assert [each["keyId"] for each in keys if each["name"] == self.key_name] == [answers["key"]["key"]["keyId"]]
        holder = Institution(rest, self.institution.institution_id, answers["key"]["apiKey"], "")
        assert holder.verify(answers["link"]["token"])["valid"] is True


@contextlib.contextmanager
def database(system: SystemProcess) -> Iterator[sqlite3.Connection]:
    """The documents, for one transaction."""
    with contextlib.closing(sqlite3.connect(system.data / "credpass.db", timeout=TIMEOUT_S)) as connection, connection:
        yield connection


def keep_no_answers(system: SystemProcess) -> None:
    """From here on it is as if the process died after an effect and before its answer: that write does not happen."""
    with database(system) as connection:
        for table in CLAIMS:
            connection.execute(
                f"CREATE TRIGGER lost_{table} BEFORE UPDATE ON {table} WHEN {ANSWERED.format(row='NEW.')}"
                " BEGIN SELECT RAISE(IGNORE); END"
            )


def keep_answers(system: SystemProcess) -> None:
    with database(system) as connection:
        for table in CLAIMS:
            connection.execute(f"DROP TRIGGER lost_{table}")


def claims(system: SystemProcess, condition: str = "TRUE") -> int:
    """How many keys are claimed, of those that meet a condition in SQL."""
    with database(system) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone() for table in CLAIMS]
    return sum(int(count) for (count,) in counts)


def sent_at_once(system: SystemProcess, round_: Round, kill: Callable[[], object]) -> dict[str, Any]:
    """Make all POSTs at the same time, do `kill` meanwhile; the data of those that were answered before."""
    with concurrent.futures.ThreadPoolExecutor(len(round_.posts)) as threads:
        sending = {name: threads.submit(post, system.url) for name, post in round_.posts.items()}
        kill()
        answered = {name: each.result() for name, each in sending.items() if each.exception() is None}
    return {name: data_of(answer) for name, answer in answered.items()}


def data_of(answer: httpx.Response) -> Any:
    assert answer.status_code in {201, 202}, answer.text
    return answer.json()["data"]


def made_again(system: SystemProcess, post: Post) -> Any:
    """The data of a POST that is made again, as soon as nobody holds its key any more."""

    def look() -> httpx.Response | None:
        answer = post(system.url)
        in_use = answer.status_code == 409 and answer.json()["error"]["code"] == "IDEMPOTENCY_KEY_IN_USE"
        return None if in_use else answer

    return data_of(until(look, f"the answer of {post.path}"))


def lasting(answers: dict[str, Any]) -> dict[str, Any]:
    """What must be the same again: all but how an upload stands now."""
    now = {"duplicate", "status"}
    return {name: {part: data[part] for part in data if part not in now} for name, data in answers.items()}


def test_a_post_made_again_after_a_kill_has_one_effect_and_the_same_ids(
    system: SystemProcess, connect: Callable[[], Rest]
) -> None:
    """Killed once after the effects and before any answer was kept, and once at any moment since the claims."""
    done, middle = (Round(connect(), name) for name in ("done", "middle"))
    keep_no_answers(system)
    first = sent_at_once(system, done, lambda: None)
    assert set(first) == set(done.posts)
    assert (claims(system), claims(system, ANSWERED.format(row=""))) == (5, 0)
    system.kill()
    keep_answers(system)
    system.start()

    def kill_in_the_middle() -> None:
        until(lambda: claims(system) == 10 or None, "the claims")
        system.kill()

    early = sent_at_once(system, middle, kill_in_the_middle)
    system.start()
    for round_, known in ((middle, early), (done, first)):
        again = {name: made_again(system, post) for name, post in round_.posts.items()}
        assert lasting(again) | lasting(known) == lasting(again)
        assert {name: made_again(system, post) for name, post in round_.posts.items()} == again
        round_.check(connect(), again)
