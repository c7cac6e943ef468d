"""Who gets through to whom over real mTLS."""

from __future__ import annotations

import dataclasses
import datetime as dt

import grpc
import pytest
from credpass.auth.v1 import auth_service_pb2 as pb
from credpass.auth.v1 import auth_service_pb2_grpc as pb_grpc

from mesh import clock, errors, tls
from mesh.documents import port
from tests.fakes.servicers import FakeAuth
from tests.support import rpc_servers
from tests.support.rpc_servers import IDENTITIES, serving, stub_of

LOGIN = pb.LoginRequest(email="a@example.org", password="long enough")
STUB = pb_grpc.AuthServiceStub


async def test_gateway_reaches_a_service_that_shows_the_right_name(store: port.Documents) -> None:
    async with (
        serving("auth", [FakeAuth().registration()], store) as server,
        stub_of(STUB, "auth", server.target) as stub,
    ):
        assert (await stub.Login(LOGIN)).user_id == "user_1"


async def test_unix_sockets_carry_the_same_mtls(
    store: port.Documents, tmp_path_factory: pytest.TempPathFactory
) -> None:
    address = f"unix:{tmp_path_factory.mktemp('s') / 'a.sock'}"
    auth = FakeAuth()
    async with (
        serving("auth", [auth.registration()], store, address=address) as server,
        stub_of(STUB, "auth", server.target) as stub,
        stub_of(STUB, "auth", server.target, caller="audit") as other,
    ):
        assert server.target == address
        await stub.Login(LOGIN)
        assert auth.calls[0].peer == "gateway"
        with pytest.raises(errors.PermissionDenied):
            await other.Login(LOGIN)


async def test_server_that_shows_another_services_certificate_is_refused(store: port.Documents) -> None:
    auth = FakeAuth()
    impostor = IDENTITIES.identity("audit")
    async with (
        serving("auth", [auth.registration()], store, identity=impostor) as server,
        stub_of(STUB, "auth", server.target) as stub,
    ):
        with pytest.raises(errors.Unavailable):
            await stub.Login(LOGIN)
    assert auth.calls == []


async def test_server_of_another_authority_is_refused(store: port.Documents) -> None:
    stranger = tls.Authority.mint(clock.SystemClock()).issue("auth")
    async with (
        serving("auth", [FakeAuth().registration()], store, identity=stranger) as server,
        stub_of(STUB, "auth", server.target) as stub,
    ):
        with pytest.raises(errors.Unavailable):
            await stub.Login(LOGIN)


async def test_old_and_new_authority_side_by_side_let_services_restart_one_after_the_other(
    store: port.Documents,
) -> None:
    old, new = (tls.Authority.mint(clock.SystemClock()) for _ in range(2))
    both = old.certificate + new.certificate
    for served, calling in ((old, new), (new, old)):
        server_side = dataclasses.replace(served.issue("auth"), ca=both)
        caller_side = tls.Tls({"gateway": dataclasses.replace(calling.issue("gateway"), ca=both)})
        async with (
            serving("auth", [FakeAuth().registration()], store, identity=server_side) as server,
            stub_of(STUB, "auth", server.target, identities=caller_side) as stub,
        ):
            assert (await stub.Login(LOGIN)).user_id == "user_1"


def _expired(authority: tls.Authority, service: str) -> tls.Identity:
    return authority.issue(service, life=dt.timedelta(seconds=-1))


async def test_expired_certificates_are_refused_on_both_ends(store: port.Documents) -> None:
    authority = tls.Authority.mint(clock.SystemClock())
    good = tls.Tls({name: authority.issue(name) for name in ("auth", "gateway")})
    old = tls.Tls({name: _expired(authority, name) for name in ("auth", "gateway")})
    registration = FakeAuth().registration()
    async with serving("auth", [registration], store, identity=good.identity("auth")) as server:
        async with stub_of(STUB, "auth", server.target, identities=good) as stub:
            await stub.Login(LOGIN)
        async with stub_of(STUB, "auth", server.target, identities=old) as stub:
            with pytest.raises(errors.Unavailable):
                await stub.Login(LOGIN)
    async with (
        serving("auth", [registration], store, identity=old.identity("auth")) as server,
        stub_of(STUB, "auth", server.target, identities=good) as stub,
    ):
        with pytest.raises(errors.Unavailable):
            await stub.Login(LOGIN)


async def test_client_of_another_authority_is_refused(store: port.Documents) -> None:
    ours = IDENTITIES.identity("gateway")
    stranger = tls.Authority.mint(clock.SystemClock()).issue("gateway")
    posing = tls.Identity("gateway", stranger.certificate, stranger.key, ours.ca)
    auth = FakeAuth()
    async with (
        serving("auth", [auth.registration()], store) as server,
        stub_of(STUB, "auth", server.target, identities=tls.Tls({"gateway": posing})) as stub,
    ):
        with pytest.raises(errors.Unavailable):
            await stub.Login(LOGIN)
    assert auth.calls == []


@pytest.mark.parametrize("credentials", [grpc.ssl_channel_credentials(IDENTITIES.identity("auth").ca), None])
async def test_client_without_certificate_or_without_tls_is_refused(
    store: port.Documents, credentials: grpc.ChannelCredentials | None
) -> None:
    auth = FakeAuth()
    async with serving("auth", [auth.registration()], store) as server:
        options = tls.target_options("auth")
        if credentials is None:
            channel = grpc.aio.insecure_channel(server.target)
        else:
            channel = grpc.aio.secure_channel(server.target, credentials, options=options)
        async with channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await STUB(channel).Login(LOGIN, timeout=5)
    assert auth.calls == []


async def test_certificate_without_a_spiffe_id_of_ours_is_refused(store: port.Documents) -> None:
    authority = tls.Authority.mint(clock.SystemClock())
    nameless = authority.issue("../x y")  # the URI is not one of a service; the contract's peers do not name it
    auth = FakeAuth()
    async with (
        serving("auth", [auth.registration()], store, identity=authority.issue("auth")) as server,
        stub_of(STUB, "auth", server.target, caller="gateway", identities=tls.Tls({"gateway": nameless})) as stub,
    ):
        with pytest.raises((errors.Unauthenticated, errors.PermissionDenied)):
            await stub.Login(LOGIN)
    assert auth.calls == []


async def test_principal_is_believed_from_the_gateway_only(store: port.Documents) -> None:
    from mesh.rpc import context

    auth = FakeAuth()
    told = rpc_servers.outside_call(context.UserPrincipal("user_1"), correlation_id="corr_told")
    async with serving("auth", [auth.registration()], store) as server:
        forged = ((context.METADATA_KEY, context.encode(told, with_principal=True)),)
        for caller in ("gateway", "verification"):
            credentials = IDENTITIES.identity(caller).channel_credentials()
            channel = grpc.aio.secure_channel(server.target, credentials, options=tls.target_options("auth"))
            async with channel:
                stub = STUB(channel)
                if caller == "gateway":
                    await stub.Logout(pb.LogoutRequest(), timeout=5, metadata=forged)
                    await stub.ListSigningKeys(pb.ListSigningKeysRequest(), timeout=5, metadata=forged)
                else:
                    with pytest.raises(grpc.aio.AioRpcError) as refused:
                        await stub.Logout(pb.LogoutRequest(), timeout=5, metadata=forged)
                    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert [call.principal for call in auth.calls] == [context.UserPrincipal("user_1", role="user")] * 2
    assert {call.correlation_id for call in auth.calls} == {"corr_told"}
