"""The credential service over its stub."""

from __future__ import annotations

from credpass.credential.v1 import credential_service_pb2, credential_service_pb2_grpc


class StubCredentials:
    """`ports.Credentials`."""

    def __init__(self, stub: credential_service_pb2_grpc.CredentialServiceAsyncStub) -> None:
        self._stub = stub

    async def revoke_all(self, user_id: str, cause: str) -> None:
        await self._stub.RevokeUserCredentials(
            credential_service_pb2.RevokeUserCredentialsRequest(user_id=user_id, cause=cause)
        )
