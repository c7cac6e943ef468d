"""Clients of the REST surface for end-to-end tests: plain requests, people and institutions."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from mesh import mail

API = "/api/v1"
WAIT_S = 60.0
PASSWORD = "correct horse battery"

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str, timeout_s: float = WAIT_S) -> Found:
    """Ask again and again until there is something; fail when there is nothing in time."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if (found := look()) is not None:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {timeout_s:.0f} s")


def new_email(who: str) -> str:
    """An address that nobody has used."""
    return f"{who}-{secrets.token_hex(6)}@example.com"


class Rest:
    """Calls the gateway. `token` is sent as Bearer."""

    def __init__(self, url: str, mailbox: pathlib.Path) -> None:
        self.url, self.mailbox = url, mailbox
        self.http = httpx.Client(base_url=url, timeout=WAIT_S)

    def call(self, method: str, path: str, token: str = "", **request: Any) -> httpx.Response:
        headers = dict(request.pop("headers", {}))
        if token:
            headers["authorization"] = f"Bearer {token}"
        return self.http.request(method, API + path, headers=headers, **request)

    def data(self, method: str, path: str, token: str = "", *, status: int = 200, **request: Any) -> Any:
        """The `data` of a success with this status."""
        answer = self.call(method, path, token, **request)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body["success"] is True
        return body["data"]

    def refused(self, method: str, path: str, token: str = "", *, status: int, **request: Any) -> dict[str, Any]:
        """The `error` of a refusal with this status, in the envelope."""
        answer = self.call(method, path, token, **request)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body["success"] is False
        assert body["requestId"] == answer.headers["x-request-id"]
        error: dict[str, Any] = body["error"]
        return error

    def mailed_token(self, email: str, *, nth: int = 1, timeout_s: float = WAIT_S) -> str:
        """The token of the nth mail to an address, the first by default; waits for it."""

        def look() -> str | None:
            tokens = [
                found.group(1)
                for letter in mail.read_mailbox(self.mailbox)
                if letter.to == email and (found := re.search(r"[?&]token=([0-9A-Za-z_-]+)", letter.text))
            ]
            return tokens[nth - 1] if len(tokens) >= nth else None

        return until(look, f"the mail to {email}", timeout_s)

    def register(self, email: str, password: str = PASSWORD) -> str:
        """Register a person; the id answered."""
        body = {"email": email, "password": password, "firstName": "Ada", "lastName": "Sample", "country": "CZ"}
        registered: dict[str, str] = self.data("POST", "/auth/register", json=body, status=201)
        return registered["userId"]

    def login(self, email: str, password: str = PASSWORD) -> Person:
        """A verified person, logged in."""
        session = self.data("POST", "/auth/login", json={"email": email, "password": password})
        return Person(self, email, session["userId"], session["accessToken"], session["refreshToken"])

    def person(self, *, consent: bool = True) -> Person:
        """A new, verified, logged-in person."""
        email = new_email("person")
        self.register(email)
        self.data("POST", "/auth/verify-email", json={"token": self.mailed_token(email)})
        person = self.login(email)
        if consent:
            person.give_consent()
        return person

    def institution(self) -> Institution:
        """A new, confirmed institution with its first key."""
        email = new_email("lender")
        body = {"name": "Sample Lender", "type": "lender", "email": email}
        registered = self.data("POST", "/institutions/register", json=body, status=201)
        self.data("POST", "/auth/verify-email", json={"token": self.mailed_token(email)})
        return Institution(self, registered["institutionId"], registered["apiKey"], email)


@dataclasses.dataclass(frozen=True)
class Person:
    """A logged-in person."""

    rest: Rest
    email: str
    user_id: str
    token: str
    refresh_token: str

    def give_consent(self) -> None:
        body = {"dataProcessing": True, "marketing": False, "consentVersion": "1.0"}
        self.rest.data("POST", "/consent", self.token, json=body)

    def upload(self, content: bytes, *, name: str = "statement.csv", **fields: str) -> dict[str, Any]:
        """Upload a statement that is taken; the answer's data."""
        files = {"file": (name, content)}
        data: dict[str, Any] = self.rest.data("POST", "/data/upload", self.token, files=files, data=fields, status=202)
        return data

    def finished(self, upload_id: str) -> dict[str, Any]:
        """The upload once its analysis is done."""

        def look() -> dict[str, Any] | None:
            upload: dict[str, Any] = self.rest.data("GET", f"/data/uploads/{upload_id}/status", self.token)
            return upload if upload["status"] != "pending" else None

        return until(look, f"the analysis of {upload_id}")

    def share(self, credential_id: str, **wish: int) -> dict[str, Any]:
        """A new link to a credential."""
        path = f"/credentials/{credential_id}/share"
        link: dict[str, Any] = self.rest.data("POST", path, self.token, json=wish, status=201)
        return link

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.rest.data("GET", "/credentials", self.token)["credentials"]
        return found

    def credential(self, content: bytes) -> dict[str, Any]:
        """Upload a statement and wait for the credential that comes of it; the owner's view."""
        return self.credential_of(self.upload(content)["uploadId"])

    def credential_of(self, upload_id: str) -> dict[str, Any]:
        """The credential from the latest analysis that covers an upload, once it is there; the owner's view."""
        analysis_id = self.finished(upload_id)["result"]["analysisId"]

        def look() -> dict[str, Any] | None:
            for summary in self.credentials():
                found: dict[str, Any] = self.rest.data("GET", f"/credentials/{summary['credentialId']}", self.token)
                if found["metadata"]["analysisId"] == analysis_id:
                    return found
            return None

        return until(look, "the credential")


@dataclasses.dataclass(frozen=True)
class Institution:
    """An institution and an API key of it with scopes manage and verify."""

    rest: Rest
    institution_id: str
    key: str
    email: str

    def verify(self, token: str) -> dict[str, Any]:
        """The answer to a verification."""
        answer: dict[str, Any] = self.rest.data("GET", f"/verify/{token}", self.key)
        return answer

    def new_key(self, *scopes: str, **wish: Any) -> dict[str, Any]:
        """A further API key, with its text."""
        body = {"name": "Another key", "scopes": list(scopes), **wish}
        created: dict[str, Any] = self.rest.data("POST", "/institutions/api-keys", self.key, json=body, status=201)
        return created
