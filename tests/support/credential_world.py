"""The credential service over the real embedded backends and a clock moved by hand; auth and analysis are fakes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fakeredis
from credpass.analysis.v1 import analysis_events_pb2
from credpass.auth.v1 import account_events_pb2
from credpass.credential.v1 import credential_service_pb2 as pb
from google.protobuf import message as messages

from mesh import backends, blobs, cache, events, mail, runner, vault
from mesh import settings as mesh_settings
from mesh.documents import port, sqlite
from mesh.events import codec
from mesh.events import port as events_port
from mesh.rpc import context
from services.credential import bootstrap
from services.credential.settings import Settings
from tests.fakes.analyses import FakeAnalysisServicer
from tests.fakes.channels import FakeConsentServicer, LocalChannels
from tests.support.clocks import HandClock

USER = "user_a"


@dataclasses.dataclass
class CredentialWorld:
    service: runner.Service
    clock: HandClock
    backends: backends.Backends
    consents: FakeConsentServicer
    analyses: FakeAnalysisServicer
    redis: fakeredis.FakeServer
    reach: LocalChannels

    async def call(self, method: str, request: Any, user_id: str = USER) -> Any:
        """Call the servicer, as a server does once the interceptors have let a call through."""
        principal = context.UserPrincipal(user_id)
        info = context.CallInfo("credential", method, principal=principal, correlation_id="corr_test")
        with context.bind(info):
            return await getattr(self.service.registrations[0].servicer, method)(request, None)

    async def deliver(self, group: str, event: events_port.Event) -> None:
        """Hand an event to a group's handler, once."""
        subscription = next(found for found in self.service.subscriptions if found.group == group)
        await subscription.handler(event)

    def event(self, message: messages.Message) -> events_port.Event:
        return codec.event(
            message, aggregate_id="test", version=1, clock_now=self.clock.now(), correlation_id="corr_test"
        )

    def completed(self, analysis_id: str, user_id: str = USER, status: str = "scored") -> events_port.Event:
        message = analysis_events_pb2.AnalysisCompleted(user_id=user_id, analysis_id=analysis_id, status=status)
        return self.event(message)

    def withdrawn(self, user_id: str = USER) -> events_port.Event:
        return self.event(account_events_pb2.ConsentWithdrawn(user_id=user_id))

    async def analysed(self, analysis_id: str = "analysis_1", score: int = 782, user_id: str = USER) -> None:
        """An analysis is done and its event has been handled."""
        await self.backends.vault.create_subject(user_id)
        self.analyses.put(user_id, analysis_id, score)
        await self.deliver("credential-generators", self.completed(analysis_id, user_id))
        self.clock.move(seconds=1)

    async def credential(self, user_id: str = USER) -> pb.Credential:
        """The newest credential of a user, in full."""
        listed = (await self.call("ListCredentials", pb.ListCredentialsRequest(), user_id)).credentials
        return await self.shown(listed[0].credential_id, user_id)

    async def shown(self, credential_id: str, user_id: str = USER) -> pb.Credential:
        answer = await self.call("GetCredential", pb.GetCredentialRequest(credential_id=credential_id), user_id)
        found: pb.Credential = answer.credential
        return found

    async def issued(self, analysis_id: str = "analysis_1", score: int = 782, user_id: str = USER) -> pb.Credential:
        await self.analysed(analysis_id, score, user_id)
        return await self.credential(user_id)

    async def statuses(self, user_id: str = USER) -> list[str]:
        """Statuses of a user's credentials, newest first."""
        answer = await self.call("ListCredentials", pb.ListCredentialsRequest(), user_id)
        return [each.status for each in answer.credentials]

    async def share(self, credential_id: str, *, uses: int = 0, days: int = 0, user_id: str = USER) -> pb.ShareLink:
        request = pb.CreateShareLinkRequest(credential_id=credential_id, max_usage=uses, expires_in_days=days)
        link: pb.ShareLink = (await self.call("CreateShareLink", request, user_id)).link
        return link

    async def revoke(self, credential_id: str, user_id: str = USER) -> pb.RevokeCredentialResponse:
        request = pb.RevokeCredentialRequest(credential_id=credential_id)
        answer: pb.RevokeCredentialResponse = await self.call("RevokeCredential", request, user_id)
        return answer

    async def resolve(self, *tokens: str) -> list[pb.ResolveTokensResponse.Result]:
        return list((await self.call("ResolveTokens", pb.ResolveTokensRequest(tokens=tokens))).results)

    async def outcomes(self, *tokens: str) -> list[str]:
        return [result.outcome for result in await self.resolve(*tokens)]

    async def is_buried(self, token: str) -> bool:
        return await self.backends.cache.get(cache.verify_key(token)) == cache.TOMBSTONE

    async def events(self) -> list[events_port.Event]:
        """The events in the outbox, in order."""
        return [_event(each) for each in await self.backends.documents.pending_events(1000)]

    async def event_types(self) -> list[str]:
        return [event.type for event in await self.events()]


def _event(pending: port.PendingEvent) -> events_port.Event:
    publication = pending.publication
    return codec.decode(events_port.Record(publication.topic, 0, 0, publication.key, publication.value, {}))


@contextlib.asynccontextmanager
async def credential_world(folder: Path) -> AsyncIterator[CredentialWorld]:
    """The service over fresh backends in a folder."""
    time = HandClock()
    documents = await sqlite.open_file(folder / "credpass.db", time)
    async with over(documents, folder, time) as world:
        yield world
    await documents.close()


@contextlib.asynccontextmanager
async def over(
    documents: port.Documents, folder: Path, time: HandClock, redis: fakeredis.FakeServer | None = None
) -> AsyncIterator[CredentialWorld]:
    """The service over given documents: a second process, or documents that watch or fail."""
    redis = redis or fakeredis.FakeServer()
    log = await events.open_events("sqlite:events.db", folder, time)
    found = backends.Backends(
        documents=documents,
        events=log,
        cache=cache.Cache(fakeredis.FakeAsyncRedis(server=redis)),
        blobs=blobs.open_blobs("file:blobs", folder),
        vault=await vault.open_vault("file:keys", folder, documents, time),
        mailer=mail.open_mailer("file:mail", folder, time),
        clock=time,
    )
    consents, analyses = FakeConsentServicer(), FakeAnalysisServicer()
    reach = LocalChannels(ConsentService=consents, AnalysisService=analyses)
    as_channels: Any = reach
    async with bootstrap.build(Settings(), mesh_settings.Settings(), found, as_channels) as service:
        yield CredentialWorld(service, time, found, consents, analyses, redis, reach)
    await found.cache.close()
    await log.close()
