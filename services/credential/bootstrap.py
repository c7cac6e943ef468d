"""The credential service, put together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from credpass.analysis.v1 import analysis_service_pb2_grpc
from credpass.auth.v1 import consent_service_pb2_grpc
from credpass.credential.v1 import credential_service_pb2_grpc

from mesh import backends, runner
from mesh import settings as mesh_settings
from mesh.rpc import channels
from services.credential import consumers, rpc
from services.credential.adapters import answers, clients, credentials, links
from services.credential.settings import Settings
from services.credential.usecases import issuing, owning, resolving, stopping
from services.credential.usecases.turns import Turns


@contextlib.asynccontextmanager
async def build(
    _: Settings, __: mesh_settings.Settings, stands_on: backends.Backends, reach: channels.Channels
) -> AsyncIterator[runner.Service]:
    """The service over backends and channels."""
    clock = stands_on.clock
    await stands_on.documents.ensure(credentials.CREDENTIALS, links.SHARE_LINKS)
    issued = credentials.DocumentCredentials(stands_on.documents, stands_on.vault, clock)
    shared = links.DocumentShareLinks(stands_on.documents, stands_on.vault, clock)
    kept = answers.CachedAnswers(stands_on.cache)
    consents = clients.ConsentClient(reach.stub(consent_service_pb2_grpc.ConsentServiceStub, "auth"))
    analyses = clients.AnalysisClient(reach.stub(analysis_service_pb2_grpc.AnalysisServiceStub, "analysis"))
    stop, turns = stopping.StopAnswers(shared, kept), Turns()
    revoke_all = stopping.RevokeUserCredentials(issued, stop, clock)
    use = rpc.UseCases(
        list_credentials=owning.ListCredentials(issued, clock),
        show=owning.ShowCredential(issued, shared, clock),
        share=owning.CreateShareLink(issued, shared, clock),
        revoke=stopping.RevokeCredential(issued, stop, clock),
        revoke_link=stopping.RevokeShareLink(issued, shared, kept, turns, clock),
        resolve=resolving.ResolveTokens(issued, shared, turns, clock),
        revoke_all=revoke_all,
    )
    add = credential_service_pb2_grpc.add_CredentialServiceServicer_to_server
    yield runner.Service(
        name="credential",
        registrations=(
            runner.Registration("credpass.credential.v1.CredentialService", add, rpc.CredentialServicer(use)),
        ),
        subscriptions=(
            consumers.generators(issuing.IssueCredential(consents, analyses, issued, stop, clock)),
            consumers.accounts(revoke_all),
            consumers.invalidation(stopping.RepeatStops(issued, shared, stop, kept)),
        ),
    )
