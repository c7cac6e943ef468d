"""The verification service, put together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from credpass.auth.v1 import institution_service_pb2_grpc
from credpass.credential.v1 import credential_service_pb2_grpc
from credpass.verification.v1 import institution_history_service_pb2_grpc, verification_service_pb2_grpc

from mesh import backends, runner
from mesh import settings as mesh_settings
from mesh.rpc import channels
from services.verification import rpc
from services.verification.adapters import clients, documents, memory
from services.verification.settings import Settings
from services.verification.usecases import history, identifying, standing, verifying


@contextlib.asynccontextmanager
async def build(
    _: Settings, __: mesh_settings.Settings, stands_on: backends.Backends, reach: channels.Channels
) -> AsyncIterator[runner.Service]:
    """The service over backends and channels."""
    await stands_on.documents.ensure(documents.VERIFICATIONS)
    recorded = documents.DocumentVerifications(stands_on.documents)
    kept = memory.CachedMemory(stands_on.cache)
    institutions = clients.InstitutionClient(reach.stub(institution_service_pb2_grpc.InstitutionServiceStub, "auth"))
    credentials = clients.CredentialClient(reach.stub(credential_service_pb2_grpc.CredentialServiceStub, "credential"))
    identify = identifying.IdentifyCallers(institutions)
    find = standing.FindStandings(credentials, kept)
    verify = verifying.VerifyTokens(kept, identify, find, recorded, stands_on.clock)
    past = rpc.InstitutionHistoryServicer(
        history.ShowDashboard(institutions, recorded, stands_on.clock), history.ListVerifications(recorded)
    )
    yield runner.Service(
        name="verification",
        registrations=(
            runner.Registration(
                "credpass.verification.v1.VerificationService",
                verification_service_pb2_grpc.add_VerificationServiceServicer_to_server,
                rpc.VerificationServicer(verify),
            ),
            runner.Registration(
                "credpass.verification.v1.InstitutionHistoryService",
                institution_history_service_pb2_grpc.add_InstitutionHistoryServiceServicer_to_server,
                past,
            ),
        ),
    )
