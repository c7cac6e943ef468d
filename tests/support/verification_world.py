"""The verification service over the real embedded backends and a clock moved by hand; auth and credential are fakes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import fakeredis
import orjson
from credpass.verification.v1 import institution_history_service_pb2 as history_pb
from credpass.verification.v1 import verification_service_pb2 as pb

from mesh import apikeys, backends, blobs, cache, errors, events, ids, mail, runner, vault
from mesh import settings as mesh_settings
from mesh.documents import port, sqlite
from mesh.events import codec
from mesh.events import port as events_port
from mesh.rpc import context, status
from services.verification import bootstrap
from services.verification.settings import Settings
from tests.fakes.channels import LocalChannels
from tests.fakes.verification_sources import FakeCredentialServicer, FakeInstitutionServicer
from tests.support.clocks import HandClock

PRINCIPAL = context.InstitutionPrincipal("inst_1", "key_1", ("verify", "manage"))
TEST_PRINCIPAL = context.InstitutionPrincipal("inst_1", "key_t", ("verify", "manage"), test=True)


@dataclasses.dataclass
class VerificationWorld:
    service: runner.Service
    clock: HandClock
    backends: backends.Backends
    institutions: FakeInstitutionServicer
    credentials: FakeCredentialServicer
    redis: fakeredis.FakeServer

    def token(self, *, score: int = 782, uses: int | None = None) -> str:
        """The token of a credential that holds for a year, or of a link to it for so many uses."""
        token = ids.new_token("vt" if uses is None else "vt_share")
        now = self.clock.now()
        self.credentials.put(token, now, now + timedelta(days=365), score=score, uses=uses)
        return token

    def key(self, environment: apikeys.Environment = "live", institution_id: str = "inst_1", **more: Any) -> str:
        """An API key that auth knows."""
        key = apikeys.generate(environment)
        self.institutions.put(key, institution_id, **more)
        return key

    async def keep_key(self, key: str, *, expires_in_s: float | None = None, **changes: Any) -> None:
        """Keep a key as auth does once it has authenticated it."""
        known = self.institutions.keys[key]
        entry = {
            "keyHash": apikeys.hash_key(key),
            "institutionId": known.institution_id,
            "keyId": known.key_id,
            "scopes": list(known.scopes),
            "test": known.test,
            "expiresAt": None if expires_in_s is None else self.clock.now().timestamp() + expires_in_s,
            "confirmed": True,
            **changes,
        }
        await self.backends.cache.set(cache.apikey_key(apikeys.parse(key).prefix), orjson.dumps(entry), 3600)

    async def verify(self, token: str, principal: context.Principal = PRINCIPAL) -> pb.VerifyTokenResponse:
        answer: pb.VerifyTokenResponse = await self.call("VerifyToken", pb.VerifyTokenRequest(token=token), principal)
        return answer

    async def batch(self, *pairs: tuple[str, str]) -> list[pb.VerifyTokenResponse | errors.ServiceError]:
        """Outcomes of (token, API key) pairs; errors as the gateway rebuilds them."""
        items = [
            pb.BatchVerifyTokensRequest.Item(
                request=pb.VerifyTokenRequest(token=token), api_key=key, correlation_id=f"corr_{number}"
            )
            for number, (token, key) in enumerate(pairs)
        ]
        answer = await self.call("BatchVerifyTokens", pb.BatchVerifyTokensRequest(items=items), None)
        return [
            status.from_status(result.error) if result.WhichOneof("outcome") == "error" else result.response
            for result in answer.results
        ]

    async def call(self, method: str, request: Any, principal: context.Principal | None = PRINCIPAL) -> Any:
        """Call a servicer, as a server does once the interceptors have let a call through."""
        servicer = next(found.servicer for found in self.service.registrations if method in vars(type(found.servicer)))
        info = context.CallInfo("verification", method, principal=principal, correlation_id="corr_call")
        with context.bind(info):
            return await getattr(servicer, method)(request, None)

    async def history(self, principal: context.Principal = PRINCIPAL, size: int = 100) -> list[history_pb.Verification]:
        request = history_pb.ListVerificationsRequest(page_size=size)
        return list((await self.call("ListVerifications", request, principal)).verifications)

    async def events(self) -> list[events_port.Event]:
        """The events in the outbox, in order."""
        return [_event(each) for each in await self.backends.documents.pending_events(1000)]


def _event(pending: port.PendingEvent) -> events_port.Event:
    publication = pending.publication
    return codec.decode(events_port.Record(publication.topic, 0, 0, publication.key, publication.value, {}))


@contextlib.asynccontextmanager
async def verification_world(
    folder: Path, *, documents: port.Documents | None = None, credential: Any = None, redis: Any = None
) -> AsyncIterator[VerificationWorld]:
    """The service over fresh backends in a folder, or over those given."""
    time, redis = HandClock(), redis or fakeredis.FakeServer()
    opened = documents or await sqlite.open_file(folder / "credpass.db", time)
    log = await events.open_events("sqlite:events.db", folder, time)
    found = backends.Backends(
        documents=opened,
        events=log,
        cache=cache.Cache(fakeredis.FakeAsyncRedis(server=redis)),
        blobs=blobs.open_blobs("file:blobs", folder),
        vault=await vault.open_vault("file:keys", folder, opened, time),
        mailer=mail.open_mailer("file:mail", folder, time),
        clock=time,
    )
    institutions, credentials = FakeInstitutionServicer(), FakeCredentialServicer()
    reach: Any = LocalChannels(InstitutionService=institutions, CredentialService=credential or credentials)
    async with bootstrap.build(Settings(), mesh_settings.Settings(), found, reach) as service:
        yield VerificationWorld(service, time, found, institutions, credentials, redis)
    await found.cache.close()
    await log.close()
    if documents is None:
        await opened.close()
