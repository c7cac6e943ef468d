"""The main job as its users live it: a person uploads a statement, it is scored, an institution verifies."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import pathlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson

from cli.client import Client
from mesh import ids, mail

CONSENT_VERSION = "1.0"
ANALYSIS_TIMEOUT_S = 120.0
POLL_S = 0.01
MAIL_TIMEOUT_S = 15.0

Progress = Callable[[str], None]
Found = TypeVar("Found")


class JourneyFailed(Exception):
    """A step of the main job did not come out; the message says which and why."""


@dataclasses.dataclass(frozen=True)
class Accounts:
    """The log-ins that a statement's main job uses, kept beside the data so that a second start finds them."""

    email: str
    password: str
    institution_key: str = ""

    @classmethod
    def new(cls) -> Accounts:
        return cls(f"person-{ids.random_text(8).lower()}@example.com", f"Pass-{secrets.token_urlsafe(12)}")

    @classmethod
    def load(cls, path: pathlib.Path) -> Accounts | None:
        return cls(**orjson.loads(path.read_bytes())) if path.exists() else None

    def save(self, path: pathlib.Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(dataclasses.asdict(self)))


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of it. `credential` is None when the data were not enough for a score; `upload` then says why."""

    upload: dict[str, Any]
    credential: dict[str, Any] | None
    verification: dict[str, Any] | None
    seconds: dict[str, float]


class Journey:
    """Walks through the main job over REST."""

    def __init__(self, client: Client, mailbox: pathlib.Path, progress: Progress) -> None:
        self._client, self._mailbox, self._progress = client, mailbox, progress
        self._seconds: dict[str, float] = {}

    async def run(self, statement: pathlib.Path, accounts_folder: pathlib.Path) -> Outcome:
        """Everything from registration to verification; accounts that exist from an earlier start are used again.

        Raises:
            cli.client.Refused: the gateway refused a step.
            JourneyFailed: a step did not come out.
        """
        path = accounts_folder / f"{await asyncio.to_thread(_digest, statement)}.json"
        known = Accounts.load(path)
        accounts = known or Accounts.new()
        if known is None:
            await self._register(accounts)
            accounts.save(path)
        token = await self._log_in(accounts)
        upload = await self._upload(statement, token)
        if upload["result"]["outcome"] != "scored":
            return Outcome(upload, None, None, self._seconds)
        credential = await self._credential(token, upload["result"]["analysisId"])
        if not accounts.institution_key:
            accounts = dataclasses.replace(accounts, institution_key=await self._institution())
            accounts.save(path)
        verification = await self._verify(credential["verificationToken"], accounts.institution_key)
        return Outcome(upload, credential, verification, self._seconds)

    async def _register(self, accounts: Accounts) -> None:
        self._progress("Registering a person and verifying the e-mail")
        person = {"email": accounts.email, "password": accounts.password, "country": "CZ"}
        await self._client.post("/auth/register", {**person, "firstName": "Sample", "lastName": "Person"})
        await self._client.post("/auth/verify-email", {"token": await self._mailed_token(accounts.email)})

    async def _log_in(self, accounts: Accounts) -> str:
        self._progress("Logging in and giving consent")
        session = await self._client.post("/auth/login", {"email": accounts.email, "password": accounts.password})
        token: str = session["accessToken"]
        consent = {"dataProcessing": True, "marketing": False, "consentVersion": CONSENT_VERSION}
        if not (await self._client.get("/consent", token))["dataProcessing"]:
            await self._client.post("/consent", consent, token)
        return token

    async def _upload(self, statement: pathlib.Path, token: str) -> dict[str, Any]:
        self._progress(f"Uploading {statement.name}")
        started_s = time.perf_counter()
        accepted = await self._client.upload("/data/upload", statement, {"data_type": "bank_statement"}, token)
        uploaded_s = time.perf_counter()
        self._progress(f"Analysing {accepted['recordCount']:,} transactions")
        status = f"/data/uploads/{accepted['uploadId']}/status"

        async def finished() -> dict[str, Any] | None:
            upload: dict[str, Any] = await self._client.get(status, token)
            return upload if upload["status"] != "pending" else None

        upload = await until(finished, ANALYSIS_TIMEOUT_S, "the analysis of the upload")
        self._seconds["upload"] = uploaded_s - started_s
        self._seconds["analysis"] = time.perf_counter() - uploaded_s
        return upload

    async def _credential(self, token: str, analysis_id: str) -> dict[str, Any]:
        self._progress("Waiting for the credential")
        started_s = time.perf_counter()

        async def issued() -> dict[str, Any] | None:
            for summary in (await self._client.get("/credentials", token))["credentials"]:
                credential: dict[str, Any] = await self._client.get(f"/credentials/{summary['credentialId']}", token)
                if credential["metadata"]["analysisId"] == analysis_id:
                    return credential
            return None

        credential = await until(issued, ANALYSIS_TIMEOUT_S, "the credential")
        self._seconds["credential"] = time.perf_counter() - started_s
        return credential

    async def _institution(self) -> str:
        self._progress("Registering an institution and creating its API key")
        email = f"lender-{ids.random_text(8).lower()}@example.com"
        lender = {"name": "Sample Lender", "type": "lender", "email": email}
        registered = await self._client.post("/institutions/register", lender)
        await self._client.post("/auth/verify-email", {"token": await self._mailed_token(email)})
        wish = {"name": "sample", "scopes": ["verify"]}
        key: str = (await self._client.post("/institutions/api-keys", wish, registered["apiKey"]))["apiKey"]
        return key

    async def _verify(self, token: str, api_key: str) -> dict[str, Any]:
        self._progress("Verifying the credential as the institution")
        started_s = time.perf_counter()
        verification: dict[str, Any] = await self._client.get(f"/verify/{token}", api_key)
        self._seconds["verify"] = time.perf_counter() - started_s
        return verification

    async def _mailed_token(self, email: str) -> str:
        """The token from the newest mail to an address."""

        async def arrived() -> str | None:
            letters = await asyncio.to_thread(mail.read_mailbox, self._mailbox)
            for letter in reversed(letters):
                if letter.to == email and (found := re.search(r"[?&]token=([0-9A-Za-z_-]+)", letter.text)):
                    return found.group(1)
            return None

        return await until(arrived, MAIL_TIMEOUT_S, f"the mail to {email}")


def _digest(file: pathlib.Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:16]


async def until(look: Callable[[], Awaitable[Found | None]], timeout_s: float, what: str) -> Found:
    """Ask `look` again and again until it gives something.

    Raises:
        JourneyFailed: it gave nothing in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(POLL_S)
    raise JourneyFailed(f"{what} did not come within {timeout_s:.0f} s")
