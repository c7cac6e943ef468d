"""What every call passes through: errors, validation, access, audit, deadlines, limits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
import orjson
import pytest
from credpass.auth.v1 import auth_service_pb2 as pb
from credpass.auth.v1 import auth_service_pb2_grpc as pb_grpc
from credpass.ingestion.v1 import ingestion_service_pb2, ingestion_service_pb2_grpc
from credpass.verification.v1 import verification_service_pb2, verification_service_pb2_grpc

from mesh import errors, tls
from mesh.documents import port
from mesh.rpc import context
from tests.fakes.servicers import FakeAuth, FakeIngestion, FakeVerification
from tests.support.rpc_servers import IDENTITIES, outside_call, serving, stub_of

STUB = pb_grpc.AuthServiceStub
LOGIN = pb.LoginRequest(email="a@example.org", password="long enough")
USER = context.UserPrincipal("user_1")
INSTITUTION = context.InstitutionPrincipal("inst_1", "key_1", ("verify",))


class StatementBroken(errors.ServiceError):
    """A reason that only this test knows, with a constructor in its own words."""

    kind = errors.Kind.FAILED_PRECONDITION
    domain = "credpass.test.v1"
    reason = "STATEMENT_BROKEN"
    message = "The statement is broken."

    def __init__(self, line: int) -> None:
        super().__init__(
            metadata={"line": str(line)},
            violations=(errors.FieldViolation(f"rows[{line}].amount", "is no amount"),),
            retry_after_s=1.5,
        )


async def records(store: port.Documents) -> list[Mapping[str, Any]]:
    found = await store.pending_events(100)
    return [orjson.loads(event.publication.value)["payload"] for event in found]


@contextlib.asynccontextmanager
async def calling(auth: FakeAuth, store: port.Documents, **parts: Any) -> AsyncIterator[pb_grpc.AuthServiceAsyncStub]:
    async with (
        serving("auth", [auth.registration()], store, **parts) as server,
        stub_of(STUB, "auth", server.target) as stub,
    ):
        yield stub


def raising(error: Exception) -> FakeAuth:
    async def act(_request: Any) -> None:
        raise error

    return FakeAuth(act)


async def test_error_is_the_same_type_with_all_its_parts_on_the_far_side(store: port.Documents) -> None:
    async with calling(raising(StatementBroken(17)), store) as stub:
        with pytest.raises(StatementBroken) as raised:
            await stub.Login(LOGIN)
    error = raised.value
    assert error.text == "The statement is broken."
    assert error.metadata == {"line": "17"}
    assert error.violations == (errors.FieldViolation("rows[17].amount", "is no amount"),)
    assert error.retry_after_s == 1.5


async def test_failure_nobody_raised_on_purpose_says_nothing(store: port.Documents) -> None:
    async with calling(raising(ValueError("IBAN DE00 1234")), store) as stub:
        with pytest.raises(errors.Internal) as raised:
            await stub.Login(LOGIN)
    assert "IBAN" not in f"{raised.value} {raised.value.metadata}"


async def test_lost_race_on_a_document_is_a_conflict(store: port.Documents) -> None:
    async with calling(raising(port.VersionConflict()), store) as stub:
        with pytest.raises(errors.Conflict):
            await stub.Login(LOGIN)


async def test_thousands_of_violations_arrive_and_more_are_counted(store: port.Documents) -> None:
    many = tuple(errors.FieldViolation(f"rows[{n}].amount", "is no amount that we can read") for n in range(6000))
    async with calling(raising(errors.InvalidArgument(violations=many)), store) as stub:
        with pytest.raises(errors.InvalidArgument) as raised:
            await stub.Login(LOGIN)
    kept = len(raised.value.violations)
    assert kept > 2000
    assert raised.value.metadata == {"left_out": str(6000 - kept)}


async def test_invalid_request_names_each_field_in_proto_names(store: port.Documents) -> None:
    auth = FakeAuth()
    async with calling(auth, store) as stub:
        with pytest.raises(errors.InvalidArgument) as raised:
            await stub.Login(pb.LoginRequest(email="", password="x" * 200))
    assert [violation.field for violation in raised.value.violations] == ["email", "password"]
    assert auth.calls == []


async def test_bytes_that_are_no_message_are_the_callers_fault(store: port.Documents) -> None:
    async with serving("auth", [FakeAuth().registration()], store) as server:
        credentials = IDENTITIES.identity("gateway").channel_credentials()
        channel = grpc.aio.secure_channel(server.target, credentials, options=tls.target_options("auth"))
        async with channel:
            login: Any = channel.unary_unary("/credpass.auth.v1.AuthService/Login")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await login(b"\xff\xff\xff", timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Decode" not in str(refused.value.details())


Refusal = type[errors.ServiceError] | None


def raising_or_not(refusal: Refusal) -> contextlib.AbstractContextManager[object]:
    return pytest.raises(refusal) if refusal else contextlib.nullcontext()


@pytest.mark.parametrize(
    ("peer", "principal", "refusal"),
    [
        ("gateway", USER, None),
        ("gateway", None, errors.Unauthenticated),
        ("gateway", INSTITUTION, errors.PermissionDenied),
        ("audit", USER, errors.PermissionDenied),
        ("operator", None, errors.PermissionDenied),
    ],
)
async def test_users_method_admits_users_through_the_gateway(
    store: port.Documents, peer: str, principal: context.Principal | None, refusal: Refusal
) -> None:
    async with (
        serving("auth", [FakeAuth().registration()], store) as server,
        stub_of(STUB, "auth", server.target, caller=peer) as stub,
    ):
        with context.bind(outside_call(principal)), raising_or_not(refusal):
            await stub.Logout(pb.LogoutRequest())


@pytest.mark.parametrize(
    ("peer", "principal", "refusal"),
    [
        ("gateway", INSTITUTION, None),
        ("gateway", context.InstitutionPrincipal("inst_1", "key_1", ("manage",)), errors.PermissionDenied),
        ("gateway", USER, errors.PermissionDenied),
        ("gateway", None, errors.Unauthenticated),
        ("credential", INSTITUTION, errors.PermissionDenied),
    ],
)
async def test_institutions_method_admits_keys_with_its_scope(
    store: port.Documents, peer: str, principal: context.Principal | None, refusal: Refusal
) -> None:
    factory = verification_service_pb2_grpc.VerificationServiceStub
    async with (
        serving("verification", [FakeVerification().registration()], store) as server,
        stub_of(factory, "verification", server.target, caller=peer) as stub,
    ):
        with context.bind(outside_call(principal)), raising_or_not(refusal):
            await stub.VerifyToken(verification_service_pb2.VerifyTokenRequest(token="vt_1"))


@pytest.mark.parametrize(("peer", "refused"), [("analysis", False), ("gateway", True), ("audit", True)])
async def test_services_method_admits_the_peers_it_names(store: port.Documents, peer: str, *, refused: bool) -> None:
    factory = ingestion_service_pb2_grpc.IngestionServiceStub
    request = ingestion_service_pb2.StreamRowsRequest(user_id="user_1", upload_ids=["upload_1"])
    async with (
        serving("ingestion", [FakeIngestion().registration()], store) as server,
        stub_of(factory, "ingestion", server.target, caller=peer) as stub,
    ):
        with pytest.raises(errors.PermissionDenied) if refused else contextlib.nullcontext():
            assert [answer.upload_id async for answer in stub.StreamRows(request)] == ["upload_1"]


async def test_permission_is_asked_before_the_request_is_looked_at(store: port.Documents) -> None:
    async with (
        serving("auth", [FakeAuth().registration()], store) as server,
        stub_of(STUB, "auth", server.target, caller="audit") as stub,
    ):
        with pytest.raises(errors.PermissionDenied):
            await stub.Login(pb.LoginRequest())


async def test_every_outcome_of_an_audited_method_leaves_a_record(store: port.Documents) -> None:
    async def act(request: Any) -> None:
        if isinstance(request, pb.LoginRequest):
            context.annotate(actor_id="user_7", resource_type="session", resource_id="sess_1")
        if request == pb.LoginRequest(email="bad", password="bad"):
            raise errors.InvalidCredentials

    call = outside_call(USER, client_address="192.0.2.1", user_agent="curl")
    async with calling(FakeAuth(act), store) as stub:
        await stub.Login(LOGIN)
        with pytest.raises(errors.InvalidCredentials):
            await stub.Login(pb.LoginRequest(email="bad", password="bad"))
        with pytest.raises(errors.InvalidArgument):
            await stub.Login(pb.LoginRequest())
        with pytest.raises(errors.Unauthenticated):
            await stub.Logout(pb.LogoutRequest())
        with context.bind(call):
            await stub.Logout(pb.LogoutRequest())
        found = await records(store)
    names = ("action", "actorType", "actorId", "resourceId", "outcome", "reason")
    assert [tuple(record[name] for name in names) for record in found] == [
        ("auth.login", "user", "user_7", "sess_1", "success", ""),
        ("auth.login", "user", "user_7", "sess_1", "refused", "INVALID_CREDENTIALS"),
        ("auth.login", "anonymous", "", "", "refused", "VALIDATION_ERROR"),
        ("auth.logout", "anonymous", "", "", "refused", "UNAUTHENTICATED"),
        ("auth.logout", "user", "user_1", "", "success", ""),
    ]
    assert (found[-1]["clientAddress"], found[-1]["userAgent"]) == ("192.0.2.1", "curl")


async def test_method_without_audit_option_leaves_no_record(store: port.Documents) -> None:
    async with calling(FakeAuth(), store) as stub:
        await stub.ListSigningKeys(pb.ListSigningKeysRequest())
        assert await records(store) == []


async def test_call_that_cannot_be_recorded_is_not_answered(store: port.Documents) -> None:
    class NoOutbox:
        async def append(self, *_events: Any) -> None:
            raise errors.Unavailable

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    broken: Any = NoOutbox()
    async with calling(FakeAuth(), broken) as stub:
        with pytest.raises(errors.Unavailable):
            await stub.Login(LOGIN)


async def test_call_cut_off_by_its_deadline_is_recorded_as_failed(store: port.Documents) -> None:
    async def act(_request: Any) -> None:
        await asyncio.Event().wait()

    async with calling(FakeAuth(act), store) as stub:
        with pytest.raises(errors.DeadlineExceeded):
            await stub.Login(LOGIN, timeout=0.1)
        async with asyncio.timeout(5):
            while not (found := await records(store)):
                await store.wait_for_events(0.1)
    assert [(record["outcome"], record["reason"]) for record in found] == [("failed", "DEADLINE_EXCEEDED")]


async def test_deadline_is_passed_on_and_shaved_at_each_hop(store: port.Documents) -> None:
    remaining_s: list[float] = []

    async def act(request: Any) -> None:
        remaining_s.append(context.remaining_s() or -1.0)
        if isinstance(request, pb.LoginRequest):
            await inner.ListSigningKeys(pb.ListSigningKeysRequest(), timeout=60)

    async with (
        serving("auth", [FakeAuth(act).registration()], store) as server,
        stub_of(STUB, "auth", server.target) as stub,
        stub_of(STUB, "auth", server.target) as inner,
    ):
        await stub.Login(LOGIN, timeout=9.0)
    outer_s, inner_s = remaining_s
    assert outer_s <= 9.0
    # 50 ms are shaved; gRPC's header rounds a deadline of seconds up to the next 10 ms.
    assert inner_s <= outer_s - 0.05 + 0.01
    assert inner_s > 1.0


async def test_call_is_not_made_when_nothing_is_left_of_the_deadline(store: port.Documents) -> None:
    auth = FakeAuth()
    async with calling(auth, store) as stub:
        with context.bind(outside_call(deadline=time.monotonic() + 0.03)), pytest.raises(errors.DeadlineExceeded):
            await stub.Login(LOGIN)
    assert auth.calls == []


async def test_call_without_a_deadline_gets_one(store: port.Documents) -> None:
    auth = FakeAuth()
    async with serving("auth", [auth.registration()], store) as server:
        credentials = IDENTITIES.identity("gateway").channel_credentials()
        channel = grpc.aio.secure_channel(server.target, credentials, options=tls.target_options("auth"))
        async with channel:
            await STUB(channel).Login(LOGIN)
    deadline = auth.calls[0].deadline
    assert deadline is not None
    assert 0 < deadline - time.monotonic() <= 30


async def test_more_calls_than_the_server_takes_are_refused_and_then_taken_again(store: port.Documents) -> None:
    entered, let_go = asyncio.Semaphore(0), asyncio.Event()

    async def act(_request: Any) -> None:
        entered.release()
        await let_go.wait()

    async with calling(FakeAuth(act), store, concurrency=2) as stub:
        held = [asyncio.create_task(_login(stub)) for _ in range(2)]
        for _ in held:
            await entered.acquire()
        with pytest.raises(errors.Overloaded) as refused:
            await stub.Login(LOGIN)
        assert refused.value.retry_after_s is not None
        let_go.set()
        await asyncio.gather(*held)
        await stub.Login(LOGIN)


async def _login(stub: pb_grpc.AuthServiceAsyncStub) -> pb.LoginResponse:
    return await stub.Login(LOGIN)


async def test_ids_cross_the_hop_and_new_ones_are_made_where_none_came(store: port.Documents) -> None:
    auth = FakeAuth()
    async with calling(auth, store) as stub:
        await stub.Login(LOGIN)
        with context.bind(outside_call(request_id="req_9", correlation_id="corr_9", traceparent="00-ab-cd-01")):
            await stub.Login(LOGIN)
    fresh, told = auth.calls
    assert fresh.request_id.startswith("req_")
    assert fresh.correlation_id.startswith("corr_")
    assert (told.request_id, told.correlation_id, told.traceparent) == ("req_9", "corr_9", "00-ab-cd-01")


async def test_unknown_method_is_refused(store: port.Documents) -> None:
    async with serving("auth", [FakeAuth().registration()], store) as server:
        credentials = IDENTITIES.identity("gateway").channel_credentials()
        channel = grpc.aio.secure_channel(server.target, credentials, options=tls.target_options("auth"))
        async with channel:
            nothing: Any = channel.unary_unary("/credpass.auth.v1.AuthService/Nothing")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await nothing(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
