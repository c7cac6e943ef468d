"""`credpass.auth.v1.InstitutionService`."""

# ruff: noqa: N802 - the contract names the methods

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from credpass.auth.v1 import institution_service_pb2 as pb
from credpass.auth.v1 import institution_service_pb2_grpc

from mesh import clock
from mesh.rpc import context, idempotency
from services.auth.domain.institutions import Answer, ApiKey
from services.auth.rpc import timestamps
from services.auth.usecases import institutions, keychecks


@dataclasses.dataclass(frozen=True, slots=True)
class UseCases:
    register: institutions.RegisterInstitution
    list_keys: institutions.ListApiKeys
    create_key: institutions.CreateApiKey
    revoke_key: institutions.RevokeApiKey
    get: institutions.GetInstitution
    authenticate: keychecks.AuthenticateApiKeys


class InstitutionServicer(institution_service_pb2_grpc.InstitutionServiceServicer):
    def __init__(self, usecases: UseCases, time: clock.Clock) -> None:
        self._do, self._clock = usecases, time

    async def RegisterInstitution(
        self, request: pb.RegisterInstitutionRequest, _: Any
    ) -> pb.RegisterInstitutionResponse:
        institution, new = await self._do.register(request.name, request.type, request.email, idempotency.effects())
        context.annotate(resource_type="institution", resource_id=institution.institution_id)
        return pb.RegisterInstitutionResponse(
            institution_id=institution.institution_id,
            name=institution.name,
            type=institution.kind,
            status=institution.status,
            api_key=new.text,
            key=_key(new.key, self._clock.now()),
        )

    async def ListApiKeys(self, _request: pb.ListApiKeysRequest, _: Any) -> pb.ListApiKeysResponse:
        found = await self._do.list_keys(context.institution().institution_id)
        now = self._clock.now()
        return pb.ListApiKeysResponse(api_keys=[_key(use.key, now, use.last_used_at) for use in found])

    async def CreateApiKey(self, request: pb.CreateApiKeyRequest, _: Any) -> pb.CreateApiKeyResponse:
        new = await self._do.create_key(context.institution().institution_id, _wish(request), idempotency.effects())
        context.annotate(resource_type="api_key", resource_id=new.key.key_id)
        return pb.CreateApiKeyResponse(api_key=new.text, key=_key(new.key, self._clock.now()))

    async def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, _: Any) -> pb.RevokeApiKeyResponse:
        context.annotate(resource_type="api_key", resource_id=request.key_id)
        revoked_at = await self._do.revoke_key(context.institution().institution_id, request.key_id)
        return pb.RevokeApiKeyResponse(revoked_at=timestamps.of(revoked_at))

    async def AuthenticateApiKeys(
        self, request: pb.AuthenticateApiKeysRequest, _: Any
    ) -> pb.AuthenticateApiKeysResponse:
        answers = await self._do.authenticate(request.api_keys)
        return pb.AuthenticateApiKeysResponse(results=[_result(answer) for answer in answers])

    async def GetInstitution(self, request: pb.GetInstitutionRequest, _: Any) -> pb.GetInstitutionResponse:
        standing = await self._do.get(request.institution_id)
        return pb.GetInstitutionResponse(
            institution_id=standing.institution.institution_id,
            name=standing.institution.name,
            type=standing.institution.kind,
            status=standing.institution.status,
            active_api_keys=standing.active_keys,
        )


def _wish(request: pb.CreateApiKeyRequest) -> institutions.KeyWish:
    lifetime = timedelta(days=request.expires_in_days) if request.HasField("expires_in_days") else None
    return institutions.KeyWish(
        request.name, tuple(request.scopes), test=request.environment == "test", lifetime=lifetime
    )


def _key(key: ApiKey, now: datetime, last_used_at: datetime | None = None) -> pb.ApiKey:
    return pb.ApiKey(
        key_id=key.key_id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes,
        status=key.status(now),
        created_at=timestamps.of(key.created_at),
        expires_at=timestamps.maybe(key.expires_at),
        last_used_at=timestamps.maybe(last_used_at),
    )


def _result(answer: Answer) -> pb.AuthenticateApiKeysResponse.Result:
    if answer.facts is None:
        return pb.AuthenticateApiKeysResponse.Result(outcome=answer.outcome.value)
    return pb.AuthenticateApiKeysResponse.Result(
        outcome=answer.outcome.value,
        institution_id=answer.facts.institution_id,
        key_id=answer.facts.key_id,
        scopes=answer.facts.scopes,
        test=answer.facts.test,
        expires_at=timestamps.maybe(answer.facts.expires_at),
    )
