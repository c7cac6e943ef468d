"""The gateway without a system behind it: its real routes over servicers that a test writes, called in this process."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
from credpass.auth.v1 import auth_service_pb2, institution_service_pb2
from cryptography.hazmat.primitives.asymmetric import ec

import gateway.settings
from gateway import bootstrap
from mesh import apikeys, cache, sessions, tokens
from tests.fakes.channels import LocalChannels
from tests.support.clocks import HandClock

BASE_URL = "http://gateway.test"
ROOMY = dict.fromkeys(gateway.settings.BUDGETS, "100000/minute")


class Signer:
    """A key that access tokens are signed with."""

    def __init__(self, kid: str = "key_1") -> None:
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())

    def token(self, clock: HandClock, **changed: Any) -> str:
        """A token of user_1; a claim changed to None is left out."""
        now_s = int(clock.now().timestamp())
        claims = {
            "sub": "user_1",
            "type": "user",
            "role": "user",
            "sid": "sess_1",
            "iat": now_s,
            "exp": now_s + tokens.LIFETIME_S,
            "iss": tokens.ISSUER,
            "aud": tokens.AUDIENCE,
            "jti": "jti_1",
            **changed,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.private, algorithm="ES256", headers={"kid": self.kid})

    def public(self) -> auth_service_pb2.ListSigningKeysResponse.SigningKey:
        described = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return auth_service_pb2.ListSigningKeysResponse.SigningKey(kid=self.kid, x=described["x"], y=described["y"])


class FakeAuth:
    """AuthService as the gateway uses it: it lists signing keys, and answers a log-in with what a test has set."""

    def __init__(self, *signers: Signer) -> None:
        self.signers, self.listings = list(signers), 0
        self.login: auth_service_pb2.LoginResponse | Exception = auth_service_pb2.LoginResponse(user_id="user_1")
        self.asked: list[auth_service_pb2.LoginRequest] = []

    async def ListSigningKeys(self, _: Any, __: Any) -> auth_service_pb2.ListSigningKeysResponse:  # noqa: N802
        self.listings += 1
        return auth_service_pb2.ListSigningKeysResponse(keys=[signer.public() for signer in self.signers])

    async def Login(self, request: auth_service_pb2.LoginRequest, _: Any) -> auth_service_pb2.LoginResponse:  # noqa: N802
        self.asked.append(request)
        if isinstance(self.login, Exception):
            raise self.login
        return self.login


class FakeInstitutions:
    """InstitutionService as the gateway uses it: it knows the keys that a test has made."""

    def __init__(self) -> None:
        self.known: dict[str, institution_service_pb2.AuthenticateApiKeysResponse.Result] = {}

    def key(self, outcome: str = "valid", *scopes: str) -> str:
        """A key with this outcome."""
        text = apikeys.generate("live")
        self.known[text] = institution_service_pb2.AuthenticateApiKeysResponse.Result(
            outcome=outcome, institution_id="inst_1", key_id="key_1", scopes=scopes
        )
        return text

    async def AuthenticateApiKeys(  # noqa: N802
        self, request: institution_service_pb2.AuthenticateApiKeysRequest, _: Any
    ) -> institution_service_pb2.AuthenticateApiKeysResponse:
        unknown = institution_service_pb2.AuthenticateApiKeysResponse.Result(outcome="unknown")
        results = [self.known.get(text, unknown) for text in request.api_keys]
        return institution_service_pb2.AuthenticateApiKeysResponse(results=results)


@dataclasses.dataclass
class World:
    """A gateway and what stands behind it."""

    client: httpx.AsyncClient
    app: Any
    clock: HandClock
    signer: Signer
    auth: FakeAuth
    institutions: FakeInstitutions
    links: LocalChannels
    ended: sessions.Sessions


@contextlib.asynccontextmanager
async def world(folder: pathlib.Path, *, cache_url: str = "memory:", **environ: str) -> AsyncIterator[World]:
    """A gateway with these settings on top of roomy budgets."""
    clock, signer = HandClock(), Signer()
    auth, institutions = FakeAuth(signer), FakeInstitutions()
    links = LocalChannels(AuthService=auth, InstitutionService=institutions)
    budgets = {f"CREDPASS_RATE_{name.upper()}": budget for name, budget in ROOMY.items()}
    settings = gateway.settings.Settings.load({**budgets, **environ})
    store = cache.open_cache(cache_url, folder)
    channels: Any = links
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        built = await stack.enter_async_context(bootstrap.build(settings, store, clock, channels))
        app: Any = built[0]
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 123))
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=BASE_URL))
        yield World(client, app, clock, signer, auth, institutions, links, sessions.Sessions(store, clock))
