"""`credpass.auth.v1.ConsentService`."""

# ruff: noqa: N802 - the contract names the methods

from __future__ import annotations

import dataclasses
from typing import Any

from credpass.auth.v1 import consent_service_pb2 as pb
from credpass.auth.v1 import consent_service_pb2_grpc

from mesh.rpc import context
from services.auth.rpc import timestamps
from services.auth.usecases import consent


@dataclasses.dataclass(frozen=True, slots=True)
class UseCases:
    get: consent.GetConsent
    give: consent.GiveConsent
    withdraw: consent.WithdrawConsent
    check: consent.CheckConsent


class ConsentServicer(consent_service_pb2_grpc.ConsentServiceServicer):
    def __init__(self, usecases: UseCases) -> None:
        self._do = usecases

    async def GetConsent(self, _request: pb.GetConsentRequest, _: Any) -> pb.GetConsentResponse:
        standing = await self._do.get(context.user().user_id)
        return pb.GetConsentResponse(
            data_processing=standing.data_processing,
            marketing=standing.marketing,
            consented_at=timestamps.maybe(standing.changed_at),
            consent_version=standing.version,
        )

    async def GiveConsent(self, request: pb.GiveConsentRequest, _: Any) -> pb.GiveConsentResponse:
        user_id = _own_consent()
        standing = await self._do.give(user_id, request.consent_version, marketing=request.marketing)
        return pb.GiveConsentResponse(
            data_processing=standing.data_processing,
            marketing=standing.marketing,
            consented_at=timestamps.maybe(standing.changed_at),
            consent_version=standing.version,
        )

    async def WithdrawConsent(self, _request: pb.WithdrawConsentRequest, _: Any) -> pb.WithdrawConsentResponse:
        standing = await self._do.withdraw(_own_consent())
        return pb.WithdrawConsentResponse(
            data_processing=standing.data_processing,
            marketing=standing.marketing,
            consented_at=timestamps.maybe(standing.changed_at),
            consent_version=standing.version,
        )

    async def CheckConsent(self, request: pb.CheckConsentRequest, _: Any) -> pb.CheckConsentResponse:
        permission = await self._do.check(request.user_id)
        return pb.CheckConsentResponse(allowed=permission.allowed, country=permission.country)


def _own_consent() -> str:
    user_id = context.user().user_id
    context.annotate(resource_type="consent", resource_id=user_id)
    return user_id
