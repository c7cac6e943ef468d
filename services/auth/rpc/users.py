"""`credpass.auth.v1.UserService`."""

# ruff: noqa: N802 - the contract names the methods

from __future__ import annotations

import dataclasses
from typing import Any

from credpass.auth.v1 import user_service_pb2 as pb
from credpass.auth.v1 import user_service_pb2_grpc

from mesh.rpc import context
from services.auth.rpc import timestamps
from services.auth.usecases import erasure, profile


@dataclasses.dataclass(frozen=True, slots=True)
class UseCases:
    get_profile: profile.GetProfile
    update_profile: profile.UpdateProfile
    erase_account: erasure.EraseAccount


class UserServicer(user_service_pb2_grpc.UserServiceServicer):
    def __init__(self, usecases: UseCases) -> None:
        self._do = usecases

    async def GetProfile(self, _request: pb.GetProfileRequest, _: Any) -> pb.GetProfileResponse:
        account, found = await self._do.get_profile(context.user().user_id)
        return pb.GetProfileResponse(
            user_id=account.user_id,
            email=found.email,
            first_name=found.first_name,
            last_name=found.last_name,
            country=found.country,
            date_of_birth=found.date_of_birth,
            created_at=timestamps.of(account.created_at),
            updated_at=timestamps.of(account.updated_at),
        )

    async def UpdateProfile(self, request: pb.UpdateProfileRequest, _: Any) -> pb.UpdateProfileResponse:
        user_id = context.user().user_id
        context.annotate(resource_type="user", resource_id=user_id)
        account, now = await self._do.update_profile(user_id, _change(request))
        return pb.UpdateProfileResponse(
            user_id=account.user_id,
            email=now.email,
            first_name=now.first_name,
            last_name=now.last_name,
            country=now.country,
            date_of_birth=now.date_of_birth,
            created_at=timestamps.of(account.created_at),
            updated_at=timestamps.of(account.updated_at),
        )

    async def DeleteAccount(self, _request: pb.DeleteAccountRequest, _: Any) -> pb.DeleteAccountResponse:
        user_id = context.user().user_id
        context.annotate(resource_type="user", resource_id=user_id)
        erased_at = await self._do.erase_account(user_id)
        return pb.DeleteAccountResponse(erased_at=timestamps.of(erased_at))


def _change(request: pb.UpdateProfileRequest) -> profile.ProfileChange:
    born = request.date_of_birth if request.HasField("date_of_birth") else None
    return profile.ProfileChange(request.first_name, request.last_name, request.country, date_of_birth=born)
