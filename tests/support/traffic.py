"""People who do the main job again and again, whatever happens to the system, and what they were promised meanwhile.

A client of the public surface retries what was not acknowledged, under the same Idempotency-Key; what was acknowledged
it holds the system to.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import http.client
import secrets
import threading
import time
from typing import Any, Self

import httpx

from tests.support.rest import API, Institution, Person, until
from tests.support.statements import statement

PEOPLE = 2
PAUSE_S = 0.1
STEP_LIMIT_S = 120.0
CALL_LIMIT_S = 30.0
MONTHS = 6


class Stopped(Exception):
    """The traffic ends: what was not acknowledged yet is left."""


@dataclasses.dataclass
class Promises:
    """What one person was promised, and what came otherwise. Tokens are of credentials and links."""

    person: Person
    uploads: list[str] = dataclasses.field(default_factory=list)
    links: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    revoked: list[str] = dataclasses.field(default_factory=list)
    rounds: int = 0


class Traffic:
    """While the block runs, every person uploads, shares, verifies, revokes and verifies again."""

    def __init__(self, url: str, people: list[Person], institution: Institution) -> None:
        self._url, self._key = url, institution.key
        self.promises = [Promises(person) for person in people]
        self._stop = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(len(people))
        self._lives: list[concurrent.futures.Future[None]] = []

    def __enter__(self) -> Self:
        self._lives = [self._pool.submit(self._live, each) for each in self.promises]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for life in self._lives:
            life.result()

    def flows(self, timeout_s: float, *, rounds: int = 1) -> None:
        """Return when every person has begun and finished so many main jobs from now on."""
        # The one under way began earlier.
        wanted = [each.rounds + rounds + 1 for each in self.promises]

        def look() -> bool | None:
            for life in self._lives:
                if life.done():  # nobody ends before all do: it failed
                    life.result()
            return all(each.rounds >= want for each, want in zip(self.promises, wanted, strict=True)) or None

        until(look, "a main job of everybody", timeout_s=timeout_s)

    def _live(self, promises: Promises) -> None:
        with contextlib.suppress(Stopped), httpx.Client(base_url=self._url, timeout=CALL_LIMIT_S) as client:
            while not self._stop.is_set():
                self._main_job(Caller(client, promises.person.token, self._key, self._stop), promises)
                promises.rounds += 1

    def _main_job(self, caller: Caller, promises: Promises) -> None:
        upload_id = caller.upload(statement(MONTHS, marker=secrets.token_hex(6)))
        promises.uploads.append(upload_id)
        credential = caller.credential_of(upload_id)
        credential_id, token = credential["credentialId"], credential["verificationToken"]
        link = caller.share(credential_id)
        promises.links[credential_id] = {link["linkId"]}
        for each in (token, link["token"]):
            assert caller.verify(each)["valid"] is True, "an active credential does not verify"
        caller.revoke(credential_id)
        promises.revoked += [token, link["token"]]
        for each in (token, link["token"]):
            assert caller.verify(each)["valid"] is False, "a revoked credential verifies"


class Caller:
    """Calls that are made again until they are answered for good."""

    def __init__(self, client: httpx.Client, token: str, key: str, stop: threading.Event) -> None:
        self._client, self._token, self._key, self._stop = client, token, key, stop

    def upload(self, content: bytes) -> str:
        """The id of a statement that was taken."""
        files = {"file": ("statement.csv", content)}
        taken = self._data("POST", "/data/upload", self._token, once=True, status=http.client.ACCEPTED, files=files)
        return str(taken["uploadId"])

    def credential_of(self, upload_id: str) -> dict[str, Any]:
        """The active credential that covers an upload, once it is there."""
        deadline_s = time.monotonic() + STEP_LIMIT_S
        while time.monotonic() < deadline_s:
            upload = self._data("GET", f"/data/uploads/{upload_id}/status", self._token)
            for summary in self._data("GET", "/credentials", self._token)["credentials"][:1]:
                found: dict[str, Any] = self._data("GET", f"/credentials/{summary['credentialId']}", self._token)
                if found["metadata"]["analysisId"] == upload.get("result", {}).get("analysisId"):
                    return found
            self._pause()
        raise AssertionError(f"no credential came of {upload_id}")

    def share(self, credential_id: str) -> dict[str, Any]:
        """A new link."""
        path = f"/credentials/{credential_id}/share"
        link: dict[str, Any] = self._data(
            "POST", path, self._token, once=True, status=http.client.CREATED, json={"maxUsage": 100}
        )
        return link

    def revoke(self, credential_id: str) -> None:
        """Revoke a credential."""
        self._data("DELETE", f"/credentials/{credential_id}", self._token)

    def verify(self, token: str) -> dict[str, Any]:
        """The answer to a verification."""
        answer: dict[str, Any] = self._data("GET", f"/verify/{token}", self._key)
        return answer

    def _data(
        self, method: str, path: str, token: str, *, once: bool = False, status: int = http.client.OK, **request: Any
    ) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        if once:
            headers["idempotency-key"] = f'"{secrets.token_hex(16)}"'
        deadline_s = time.monotonic() + STEP_LIMIT_S
        while time.monotonic() < deadline_s:
            answer = self._answer(method, path, headers, request)
            if answer is not None and answer.status_code == status:
                return answer.json()["data"]
            self._pause()
        raise AssertionError(f"{method} {path} was not answered within {STEP_LIMIT_S:.0f} s")

    def _answer(
        self, method: str, path: str, headers: dict[str, str], request: dict[str, Any]
    ) -> httpx.Response | None:
        """The answer; None where it should be asked for again."""
        try:
            answer = self._client.request(method, f"{API}{path}", headers=headers, **request)
        except httpx.TransportError:
            return None
        in_flight = once_in_flight(answer)
        if answer.status_code >= http.client.INTERNAL_SERVER_ERROR or in_flight:
            assert answer.status_code != http.client.INTERNAL_SERVER_ERROR, answer.text
            assert in_flight or answer.status_code == http.client.GATEWAY_TIMEOUT or "retry-after" in answer.headers
            return None
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer

    def _pause(self) -> None:
        if self._stop.wait(PAUSE_S):
            raise Stopped


def once_in_flight(answer: httpx.Response) -> bool:
    """Whether an earlier attempt under the same key is still under way, or was until its process died."""
    return answer.status_code == http.client.CONFLICT and "idempotency-key" in answer.request.headers


def kept(promises: Promises, institution: Institution) -> None:
    """Hold the system to what one person was promised.

    Every acknowledged upload is processed; there is one credential an analysis; nothing revoked verifies.
    """
    person = promises.person
    for upload_id in promises.uploads:
        assert person.finished(upload_id)["status"] == "processed"
    analyses = [
        person.rest.data("GET", f"/credentials/{each['credentialId']}", person.token)["metadata"]["analysisId"]
        for each in _pages(person, "/credentials", "credentials")
    ]
    assert len(set(analyses)) == len(analyses), "two credentials of one analysis"
    listed = [each["uploadId"] for each in _pages(person, "/data/uploads", "uploads")]
    assert len(set(listed)) == len(listed)
    assert set(promises.uploads) <= set(listed)
    for credential_id, links in promises.links.items():
        found = person.rest.data("GET", f"/credentials/{credential_id}", person.token)
        assert {each["linkId"] for each in found["sharingLinks"]} == links, "a link made twice, or lost"
    for token in promises.revoked:
        assert institution.verify(token)["valid"] is False


def _pages(person: Person, path: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.rest.data("GET", f"{path}?pageSize=100", person.token)[name]
    assert len(found) < 100, "one page holds all of a test"
    return found
