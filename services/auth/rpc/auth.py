"""`credpass.auth.v1.AuthService`."""

# ruff: noqa: N802 - the contract names the methods

from __future__ import annotations

import dataclasses
from typing import Any

from credpass.auth.v1 import auth_service_pb2 as pb
from credpass.auth.v1 import auth_service_pb2_grpc

from mesh.rpc import context, idempotency
from services.auth.domain import users
from services.auth.usecases import keys, login, passwords, registration

_TOKEN_TYPE = "Bearer"  # noqa: S105 - RFC 6750, no secret


@dataclasses.dataclass(frozen=True, slots=True)
class UseCases:
    register: registration.Register
    verify_email: registration.VerifyEmail
    log_in: login.Login
    refresh: login.Refresh
    end_sessions: login.EndSessions
    forget_password: passwords.ForgetPassword
    reset_password: passwords.ResetPassword
    list_signing_keys: keys.ListSigningKeys


class AuthServicer(auth_service_pb2_grpc.AuthServiceServicer):
    def __init__(self, usecases: UseCases) -> None:
        self._do = usecases

    async def Register(self, request: pb.RegisterRequest, _: Any) -> pb.RegisterResponse:
        profile = users.Profile(request.email, request.first_name, request.last_name, request.country)
        user_id = await self._do.register(registration.Registration(profile, request.password))
        context.annotate(resource_type="user", resource_id=user_id)
        return pb.RegisterResponse(user_id=user_id, email=request.email)

    async def VerifyEmail(self, request: pb.VerifyEmailRequest, _: Any) -> pb.VerifyEmailResponse:
        subject_id = await self._do.verify_email(request.token)
        context.annotate(resource_type=_kind(subject_id), resource_id=subject_id)
        return pb.VerifyEmailResponse(verified=True)

    async def Login(self, request: pb.LoginRequest, _: Any) -> pb.LoginResponse:
        tokens = await self._do.log_in(request.email, request.password, context.current().client_address)
        _note_session(tokens)
        return pb.LoginResponse(
            user_id=tokens.user_id,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            token_type=_TOKEN_TYPE,
            expires_in=tokens.expires_in_s,
        )

    async def Refresh(self, request: pb.RefreshRequest, _: Any) -> pb.RefreshResponse:
        tokens = await self._do.refresh(request.refresh_token)
        _note_session(tokens)
        return pb.RefreshResponse(
            user_id=tokens.user_id,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            token_type=_TOKEN_TYPE,
            expires_in=tokens.expires_in_s,
        )

    async def Logout(self, _request: pb.LogoutRequest, _: Any) -> pb.LogoutResponse:
        user = context.user()
        context.annotate(resource_type="session", resource_id=user.session_id)
        await self._do.end_sessions.one(user.session_id)
        return pb.LogoutResponse()

    async def ForgotPassword(self, request: pb.ForgotPasswordRequest, _: Any) -> pb.ForgotPasswordResponse:
        await self._do.forget_password(request.email, idempotency.effects())
        return pb.ForgotPasswordResponse()

    async def ResetPassword(self, request: pb.ResetPasswordRequest, _: Any) -> pb.ResetPasswordResponse:
        user_id = await self._do.reset_password(request.token, request.password)
        context.annotate(resource_type="user", resource_id=user_id, actor_id=user_id)
        return pb.ResetPasswordResponse()

    async def ListSigningKeys(self, _request: pb.ListSigningKeysRequest, _: Any) -> pb.ListSigningKeysResponse:
        found = await self._do.list_signing_keys()
        return pb.ListSigningKeysResponse(
            keys=[pb.ListSigningKeysResponse.SigningKey(kid=key.kid, x=key.x, y=key.y) for key in found]
        )


def _kind(subject_id: str) -> str:
    return "institution" if subject_id.startswith("inst_") else "user"


def _note_session(tokens: login.Tokens) -> None:
    context.annotate(resource_type="session", resource_id=tokens.session_id, actor_id=tokens.user_id)
