"""Other services, through their stubs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from credpass.auth.v1 import institution_service_pb2 as auth_pb
from credpass.auth.v1 import institution_service_pb2_grpc
from credpass.credential.v1 import credential_service_pb2 as credential_pb
from credpass.credential.v1 import credential_service_pb2_grpc

from mesh import errors
from services.verification import domain
from services.verification import errors as refusals


class InstitutionClient:
    """`ports.Keys` and `ports.Institutions`, at the auth service."""

    def __init__(self, stub: institution_service_pb2_grpc.InstitutionServiceAsyncStub) -> None:
        self._stub = stub

    async def authenticate(self, texts: Sequence[str]) -> list[domain.Caller | errors.ServiceError]:
        answer = await self._stub.AuthenticateApiKeys(auth_pb.AuthenticateApiKeysRequest(api_keys=texts))
        return [_caller(result) for result in answer.results]

    async def find(self, institution_id: str) -> domain.Institution:
        request = auth_pb.GetInstitutionRequest(institution_id=institution_id)
        found = await self._stub.GetInstitution(request)
        return domain.Institution(found.institution_id, found.name, found.type, found.status, found.active_api_keys)


class CredentialClient:
    """`ports.Credentials`, at the credential service."""

    def __init__(self, stub: credential_service_pb2_grpc.CredentialServiceAsyncStub) -> None:
        self._stub = stub

    async def resolve(self, tokens: Sequence[str]) -> list[domain.Standing]:
        answer = await self._stub.ResolveTokens(credential_pb.ResolveTokensRequest(tokens=tokens))
        return [_standing(result) for result in answer.results]


def _caller(result: auth_pb.AuthenticateApiKeysResponse.Result) -> domain.Caller | errors.ServiceError:
    if result.outcome == "valid":
        return domain.Caller(result.institution_id, result.key_id, tuple(result.scopes), result.test)
    if result.outcome == "unconfirmed":
        return refusals.institution_not_confirmed()
    return errors.InvalidCredentials()


def _standing(result: credential_pb.ResolveTokensResponse.Result) -> domain.Standing:
    return domain.Standing(
        result.outcome,
        credential_id=result.credential_id,
        user_id=result.user_id,
        share_link=result.share_link,
        trust_score=result.trust_score if result.HasField("trust_score") else None,
        tier=result.tier,
        insights=tuple(result.insights),
        issued_at=result.issued_at.ToDatetime(UTC) if result.HasField("issued_at") else None,
        expires_at=result.expires_at.ToDatetime(UTC) if result.HasField("expires_at") else None,
        data_through=result.data_through,
        version=result.version,
    )
