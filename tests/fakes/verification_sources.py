"""Auth and credential as the verification service sees them."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime

from credpass.auth.v1 import institution_service_pb2 as auth_pb
from credpass.credential.v1 import credential_service_pb2 as credential_pb

from mesh import errors

KeyResult = auth_pb.AuthenticateApiKeysResponse.Result
TokenResult = credential_pb.ResolveTokensResponse.Result


class FakeInstitutionServicer:
    """InstitutionService: knows the keys that were put in."""

    def __init__(self) -> None:
        self.keys: dict[str, KeyResult] = {}
        self.down = False

    def put(self, api_key: str, institution_id: str = "inst_1", *, scopes: tuple[str, ...] = ("verify",)) -> None:
        test = api_key.startswith("cp_test_")
        self.keys[api_key] = KeyResult(
            outcome="valid", institution_id=institution_id, key_id=f"key_{institution_id}", scopes=scopes, test=test
        )

    async def AuthenticateApiKeys(  # noqa: N802
        self, request: auth_pb.AuthenticateApiKeysRequest, context: object
    ) -> auth_pb.AuthenticateApiKeysResponse:
        if self.down:
            raise errors.Unavailable
        unknown = KeyResult(outcome="unknown")
        return auth_pb.AuthenticateApiKeysResponse(results=[self.keys.get(key, unknown) for key in request.api_keys])

    async def GetInstitution(  # noqa: N802
        self, request: auth_pb.GetInstitutionRequest, context: object
    ) -> auth_pb.GetInstitutionResponse:
        return auth_pb.GetInstitutionResponse(
            institution_id=request.institution_id, name="A Bank", type="bank", status="active", active_api_keys=2
        )


async def _nothing() -> None:
    return


@dataclasses.dataclass
class FakeCredentialServicer:
    """CredentialService: knows the tokens that were put in; `uses` is what is left of each share link.

    `between` runs after each look, before it is answered: what others do in that moment.
    """

    results: dict[str, TokenResult] = dataclasses.field(default_factory=dict)
    uses: dict[str, int] = dataclasses.field(default_factory=dict)
    between: Callable[[], Awaitable[None]] = _nothing
    down: bool = False

    def put(
        self, token: str, issued: datetime, expires: datetime, *, score: int = 782, uses: int | None = None
    ) -> None:
        result = TokenResult(
            outcome="valid",
            credential_id=f"cred_of_{token[-4:]}",
            user_id="user_a",
            share_link=uses is not None,
            trust_score=score,
            tier="excellent",
            insights=["Strong payment history"],
            data_through="2026-02-14",
            version=2,
        )
        result.issued_at.FromDatetime(issued)
        result.expires_at.FromDatetime(expires)
        self.results[token] = result
        if uses is not None:
            self.uses[token] = uses

    def stop(self, token: str, outcome: str = "revoked") -> None:
        found = self.results[token]
        stopped = TokenResult(outcome=outcome, credential_id=found.credential_id, user_id=found.user_id)
        stopped.version = found.version + 1
        stopped.issued_at.CopyFrom(found.issued_at)
        self.results[token] = stopped

    async def ResolveTokens(  # noqa: N802
        self, request: credential_pb.ResolveTokensRequest, context: object
    ) -> credential_pb.ResolveTokensResponse:
        if self.down:
            raise errors.Unavailable
        results = [self._result(token) for token in request.tokens]
        await self.between()
        return credential_pb.ResolveTokensResponse(results=results)

    def _result(self, token: str) -> TokenResult:
        found = self.results.get(token, TokenResult(outcome="unknown"))
        if token not in self.uses or found.outcome != "valid":
            return found
        if self.uses[token] == 0:
            return TokenResult(outcome="used_up", credential_id=found.credential_id, user_id="user_a", share_link=True)
        self.uses[token] -= 1
        return found
