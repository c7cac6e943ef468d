"""The whole service as it is hosted: real mTLS, interceptors, jobs, and the credential service across a channel."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from credpass.auth.v1 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    consent_service_pb2,
    consent_service_pb2_grpc,
    institution_service_pb2,
    institution_service_pb2_grpc,
)
from credpass.credential.v1 import credential_service_pb2, credential_service_pb2_grpc

from mesh import backends as mesh_backends
from mesh import clock, mail, runner, settings, tls
from mesh import errors as mesh_errors
from mesh.rpc import channels, context
from services.auth import bootstrap, errors
from tests.support.auth_world import CHEAP, EMAIL, PASSWORD, token_in

IDENTITIES = tls.throwaway(clock.SystemClock())
ANYWHERE = "127.0.0.1:0"


class RememberingCredentials(credential_service_pb2_grpc.CredentialServiceServicer):
    """Answers what auth asks; auth may ask nothing else."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def RevokeUserCredentials(self, request: Any, _: Any) -> Any:  # noqa: N802 - the contract names it
        self.asked.append((request.user_id, request.cause))
        return credential_service_pb2.RevokeUserCredentialsResponse(revoked_count=1)

    def _never(self, *_: Any) -> Any:
        raise AssertionError

    ListCredentials = GetCredential = RevokeCredential = _never  # type: ignore[assignment]
    CreateShareLink = RevokeShareLink = ResolveTokens = _never  # type: ignore[assignment]


@dataclasses.dataclass
class Hosted:
    auth: Any
    consent: Any
    institutions: Any
    credentials: RememberingCredentials
    folder: Path

    async def mailed_token(self, subject: str) -> str:
        async with asyncio.timeout(10):
            while True:
                for letter in await asyncio.to_thread(mail.read_mailbox, self.folder / "mail"):
                    if letter.subject == subject:
                        return token_in(letter)
                await asyncio.sleep(0.02)


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    mesh = settings.Settings(
        data=tmp_path,
        ops_listens={"auth": ANYWHERE},
        health_listens={"auth": ANYWHERE},
    ).over_sockets(tmp_path)
    own = dataclasses.replace(CHEAP, mail_interval_s=0.05)
    credentials = RememberingCredentials()
    other = runner.Service(
        "credential",
        (
            runner.Registration(
                "credpass.credential.v1.CredentialService",
                credential_service_pb2_grpc.add_CredentialServiceServicer_to_server,
                credentials,
            ),
        ),
    )
    outside = channels.Channels(mesh, IDENTITIES, "gateway")
    async with (
        mesh_backends.open_backends(mesh) as backends,
        runner.build_service("auth", own, mesh, backends, IDENTITIES, bootstrap.build) as service,
        runner.host_all((service, other), mesh, backends, IDENTITIES, process="auth"),
    ):
        yield Hosted(
            outside.stub(auth_service_pb2_grpc.AuthServiceStub, "auth"),
            outside.stub(consent_service_pb2_grpc.ConsentServiceStub, "auth"),
            outside.stub(institution_service_pb2_grpc.InstitutionServiceStub, "auth"),
            credentials,
            tmp_path,
        )
        await outside.close()


def registration(**parts: str) -> auth_service_pb2.RegisterRequest:
    fields = {"email": EMAIL, "password": PASSWORD, "first_name": "Jamie", "last_name": "Doe", "country": "US", **parts}
    return auth_service_pb2.RegisterRequest(**fields)


async def logged_in(hosted: Hosted) -> Any:
    with context.bind(context.CallInfo("gateway", "test", client_address="203.0.113.5")):
        await hosted.auth.Register(registration())
        token = await hosted.mailed_token("Confirm your e-mail for CredPass")
        await hosted.auth.VerifyEmail(auth_service_pb2.VerifyEmailRequest(token=token))
        return await hosted.auth.Login(auth_service_pb2.LoginRequest(email=EMAIL, password=PASSWORD))


async def test_a_user_registers_confirms_logs_in_consents_and_withdraws(hosted: Hosted) -> None:
    tokens = await logged_in(hosted)
    principal = context.UserPrincipal(tokens.user_id, "user", "sess_x")
    with context.bind(context.CallInfo("gateway", "test", principal=principal)):
        given = await hosted.consent.GiveConsent(
            consent_service_pb2.GiveConsentRequest(data_processing=True, consent_version="1.0")
        )
        assert given.data_processing
        await hosted.consent.WithdrawConsent(consent_service_pb2.WithdrawConsentRequest())
    assert hosted.credentials.asked == [(tokens.user_id, "consent_withdrawn")]


async def test_refusals_cross_the_wire_as_what_they_are(hosted: Hosted) -> None:
    with pytest.raises(errors.WrongCredentials):
        await hosted.auth.Login(auth_service_pb2.LoginRequest(email=EMAIL, password=PASSWORD))
    for _ in range(4):
        with pytest.raises(errors.WrongCredentials):
            await hosted.auth.Login(auth_service_pb2.LoginRequest(email=EMAIL, password=PASSWORD))
    with pytest.raises(errors.LoginThrottled) as caught:
        await hosted.auth.Login(auth_service_pb2.LoginRequest(email=EMAIL, password=PASSWORD))
    assert caught.value.retry_after_s
    with pytest.raises(mesh_errors.InvalidArgument) as wrong:
        await hosted.auth.Register(registration(email="no email", country="usa"))
    assert {violation.field for violation in wrong.value.violations} == {"email", "country"}


async def test_only_a_user_gives_consent_and_only_services_check_it(hosted: Hosted) -> None:
    request = consent_service_pb2.GiveConsentRequest(data_processing=True, consent_version="1.0")
    with pytest.raises(mesh_errors.Unauthenticated):
        await hosted.consent.GiveConsent(request)
    with pytest.raises(mesh_errors.PermissionDenied):
        await hosted.consent.CheckConsent(consent_service_pb2.CheckConsentRequest(user_id="user_1"))


async def test_an_institution_confirms_and_its_key_works(hosted: Hosted) -> None:
    made = await hosted.institutions.RegisterInstitution(
        institution_service_pb2.RegisterInstitutionRequest(name="A Bank", type="bank", email="bank@example.com")
    )
    token = await hosted.mailed_token("Confirm your e-mail for CredPass")
    await hosted.auth.VerifyEmail(auth_service_pb2.VerifyEmailRequest(token=token))
    request = institution_service_pb2.AuthenticateApiKeysRequest(api_keys=[made.api_key, "x"])
    results = (await hosted.institutions.AuthenticateApiKeys(request)).results
    assert [result.outcome for result in results] == ["valid", "unknown"]
