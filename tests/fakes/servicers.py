"""Servicers of real contracts that do what a test tells them to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from credpass.auth.v1 import auth_service_pb2, auth_service_pb2_grpc
from credpass.ingestion.v1 import ingestion_service_pb2, ingestion_service_pb2_grpc
from credpass.verification.v1 import verification_service_pb2, verification_service_pb2_grpc

from mesh.rpc import context
from mesh.rpc.server import Registration

AUTH = "credpass.auth.v1.AuthService"
INGESTION = "credpass.ingestion.v1.IngestionService"
VERIFICATION = "credpass.verification.v1.VerificationService"


class Partial:
    """A servicer of which a test uses some methods only; the others fail when they are called."""

    def __getattr__(self, name: str) -> Any:
        if not name[:1].isupper():
            raise AttributeError(name)

        async def unused(_request: Any, _context: Any) -> None:
            raise AssertionError(f"{name} is not part of this test")

        return unused


Act = Callable[[Any], Awaitable[None]]


async def nothing(_request: Any) -> None:
    """Do nothing."""


class FakeAuth(Partial):
    """Keeps what it saw; `act` runs inside each call, with the request."""

    def __init__(self, act: Act = nothing) -> None:
        self.act, self.calls = act, list[context.CallInfo]()

    async def _take(self, request: Any) -> None:
        self.calls.append(context.current())
        await self.act(request)

    async def Login(self, request: auth_service_pb2.LoginRequest, _: Any) -> auth_service_pb2.LoginResponse:  # noqa: N802
        await self._take(request)
        return auth_service_pb2.LoginResponse(user_id="user_1")

    async def Logout(self, request: auth_service_pb2.LogoutRequest, _: Any) -> auth_service_pb2.LogoutResponse:  # noqa: N802
        await self._take(request)
        return auth_service_pb2.LogoutResponse()

    async def ListSigningKeys(  # noqa: N802
        self, request: auth_service_pb2.ListSigningKeysRequest, _: Any
    ) -> auth_service_pb2.ListSigningKeysResponse:
        await self._take(request)
        return auth_service_pb2.ListSigningKeysResponse()

    def registration(self) -> Registration:
        """As a server takes it."""
        return Registration(AUTH, auth_service_pb2_grpc.add_AuthServiceServicer_to_server, self)


class FakeIngestion(Partial):
    """Counts uploaded bytes and streams rows; `act` runs for each message in or out."""

    def __init__(self, act: Act = nothing) -> None:
        self.act, self.closed = act, False

    async def UploadStatement(  # noqa: N802
        self, requests: AsyncIterator[ingestion_service_pb2.UploadStatementRequest], _: Any
    ) -> ingestion_service_pb2.UploadStatementResponse:
        size_bytes = 0
        async for request in requests:
            await self.act(request)
            size_bytes += len(request.chunk)
        return ingestion_service_pb2.UploadStatementResponse(upload_id="upload_1", record_count=size_bytes)

    async def StreamRows(  # noqa: N802
        self, request: ingestion_service_pb2.StreamRowsRequest, _: Any
    ) -> AsyncIterator[ingestion_service_pb2.StreamRowsResponse]:
        try:
            for upload_id in request.upload_ids:
                await self.act(upload_id)
                yield ingestion_service_pb2.StreamRowsResponse(upload_id=upload_id)
        finally:
            self.closed = True

    def registration(self) -> Registration:
        """As a server takes it."""
        return Registration(INGESTION, ingestion_service_pb2_grpc.add_IngestionServiceServicer_to_server, self)


class FakeVerification(Partial):
    """Finds every token valid."""

    async def VerifyToken(  # noqa: N802
        self, _request: verification_service_pb2.VerifyTokenRequest, _: Any
    ) -> verification_service_pb2.VerifyTokenResponse:
        return verification_service_pb2.VerifyTokenResponse(valid=True)

    def registration(self) -> Registration:
        """As a server takes it."""
        add = verification_service_pb2_grpc.add_VerificationServiceServicer_to_server
        return Registration(VERIFICATION, add, self)
