"""The auth service over the real embedded backends, a clock moved by hand and a credential service that is a fake."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fakeredis
from credpass.auth.v1 import (
    auth_service_pb2,
    consent_service_pb2,
    institution_service_pb2,
    user_service_pb2,
)

from mesh import backends, blobs, cache, events, mail, runner, vault
from mesh.documents import port, sqlite
from mesh.rpc import context
from services.auth import bootstrap
from services.auth.settings import Settings
from tests.fakes.auth_credentials import FakeCredentials
from tests.support.clocks import HandClock

PASSWORD = "SecureP@ss123"
EMAIL = "user@example.com"
ADDRESS = "198.51.100.7"
CHEAP = Settings(hash_memory_kib=8, hash_passes=1, hash_lanes=1)
_TOKEN = re.compile(r"\?token=(\S+)")


@dataclasses.dataclass
class User:
    """A user who has logged in."""

    user_id: str
    access_token: str
    refresh_token: str
    session_id: str

    @property
    def principal(self) -> context.UserPrincipal:
        return context.UserPrincipal(self.user_id, "user", self.session_id)


@dataclasses.dataclass
class AuthWorld:
    service: runner.Service
    clock: HandClock
    backends: backends.Backends
    credentials: FakeCredentials
    redis: fakeredis.FakeServer
    folder: Path

    async def call(
        self, method: str, request: Any, principal: context.Principal | None = None, address: str = ADDRESS
    ) -> Any:
        """Call a servicer, as a server does once the interceptors have let a call through."""
        service, _, name = method.partition("/")
        servicer = next(found.servicer for found in self.service.registrations if found.name.endswith(service))
        info = context.CallInfo("auth", method, principal=principal, client_address=address, correlation_id="corr_test")
        with context.bind(info):
            return await getattr(servicer, name)(request, None)

    async def run_job(self, name: str) -> None:
        await next(job.run for job in self.service.jobs if job.name == name)()

    def mails(self) -> list[mail.Mail]:
        return mail.read_mailbox(self.folder / "mail")

    async def delivered(self) -> list[mail.Mail]:
        await self.run_job("deliver-mails")
        # The names of mails sort by time, so the next ones must be later.
        self.clock.move(milliseconds=1)
        return self.mails()

    async def register(self, email: str = EMAIL, password: str = PASSWORD) -> str:
        request = auth_service_pb2.RegisterRequest(
            email=email, password=password, first_name="Jamie", last_name="Doe", country="US"
        )
        response = await self.call("AuthService/Register", request)
        self.clock.move(milliseconds=1)
        return str(response.user_id)

    async def verify(self) -> None:
        """Follow the link in the newest mail."""
        token = token_in((await self.delivered())[-1])
        await self.call("AuthService/VerifyEmail", auth_service_pb2.VerifyEmailRequest(token=token))

    async def log_in(self, email: str = EMAIL, password: str = PASSWORD, address: str = ADDRESS) -> User:
        request = auth_service_pb2.LoginRequest(email=email, password=password)
        tokens = await self.call("AuthService/Login", request, address=address)
        return User(tokens.user_id, tokens.access_token, tokens.refresh_token, _session_id(tokens.access_token))

    async def user(self, email: str = EMAIL) -> User:
        """A new user, verified and logged in."""
        await self.register(email)
        await self.verify()
        return await self.log_in(email)

    async def refresh(self, refresh_token: str) -> Any:
        request = auth_service_pb2.RefreshRequest(refresh_token=refresh_token)
        return await self.call("AuthService/Refresh", request)

    async def give_consent(self, user: User, version: str = "1.0") -> Any:
        request = consent_service_pb2.GiveConsentRequest(data_processing=True, consent_version=version)
        return await self.call("ConsentService/GiveConsent", request, user.principal)

    async def erase(self, user: User) -> Any:
        return await self.call("UserService/DeleteAccount", user_service_pb2.DeleteAccountRequest(), user.principal)

    async def profile(self, user: User) -> Any:
        return await self.call("UserService/GetProfile", user_service_pb2.GetProfileRequest(), user.principal)

    async def register_institution(self, email: str = "bank@example.com") -> Any:
        request = institution_service_pb2.RegisterInstitutionRequest(name="A Bank", type="bank", email=email)
        response = await self.call("InstitutionService/RegisterInstitution", request)
        self.clock.move(milliseconds=1)
        return response

    async def institution(self) -> tuple[Any, context.InstitutionPrincipal]:
        """A new, confirmed institution and the principal of its first key."""
        response = await self.register_institution()
        await self.verify()
        return response, context.InstitutionPrincipal(
            response.institution_id, response.key.key_id, tuple(response.key.scopes), test=False
        )

    async def authenticate(self, *texts: str) -> list[Any]:
        request = institution_service_pb2.AuthenticateApiKeysRequest(api_keys=texts)
        return list((await self.call("InstitutionService/AuthenticateApiKeys", request)).results)

    def files(self) -> bytes:
        """Everything that lies in the files of the documents."""
        return b"".join(path.read_bytes() for path in self.folder.glob("credpass.db*"))

    async def events(self) -> list[str]:
        """Types of the events in the outbox, in order."""
        pending = await self.backends.documents.pending_events(100)
        found = [port_record(each) for each in pending]
        return [events.codec.decode(record).type for record in found]


def port_record(pending: port.PendingEvent) -> events.port.Record:
    publication = pending.publication
    return events.port.Record(publication.topic, 0, 0, publication.key, publication.value, {})


@contextlib.asynccontextmanager
async def auth_world(folder: Path, own: Settings = CHEAP) -> AsyncIterator[AuthWorld]:
    """The service over fresh backends in a folder."""
    time = HandClock()
    documents = await sqlite.open_file(folder / "credpass.db", time)
    async with over(documents, folder, time, own) as world:
        yield world
    await documents.close()


@contextlib.asynccontextmanager
async def over(
    documents: port.Documents, folder: Path, time: HandClock, own: Settings = CHEAP
) -> AsyncIterator[AuthWorld]:
    """The service over given documents: a second process, or documents that watch or fail."""
    redis = fakeredis.FakeServer()
    client = fakeredis.FakeAsyncRedis(server=redis)
    log = await events.open_events("sqlite:events.db", folder, time)
    found = backends.Backends(
        documents=documents,
        events=log,
        cache=cache.Cache(client),
        blobs=blobs.open_blobs("file:blobs", folder),
        vault=await vault.open_vault("file:keys", folder, documents),
        mailer=mail.open_mailer("file:mail", folder, time),
        clock=time,
    )
    credentials = FakeCredentials()
    async with bootstrap.assemble(own, "https://credpass.example", found, credentials) as service:
        yield AuthWorld(service, time, found, credentials, redis, folder)
    await found.cache.close()
    await log.close()


def token_in(letter: mail.Mail) -> str:
    match = _TOKEN.search(letter.text)
    assert match is not None, letter.subject
    return match[1]


def _session_id(access_token: str) -> str:
    import jwt

    return str(jwt.decode(access_token, options={"verify_signature": False})["sid"])
