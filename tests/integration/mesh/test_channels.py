"""Calls to other services: streams, retries, services that are down, several servers in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from credpass.auth.v1 import auth_service_pb2 as auth_pb
from credpass.auth.v1 import auth_service_pb2_grpc as auth_grpc
from credpass.ingestion.v1 import ingestion_service_pb2 as pb
from credpass.ingestion.v1 import ingestion_service_pb2_grpc as pb_grpc

from mesh import errors
from mesh.documents import port
from mesh.rpc import context
from tests.fakes.servicers import FakeAuth, FakeIngestion
from tests.support.conditions import until
from tests.support.rpc_servers import outside_call, serving, stub_of

USER = context.UserPrincipal("user_1")
STUB = pb_grpc.IngestionServiceStub


async def chunks(*pieces: bytes) -> AsyncIterator[pb.UploadStatementRequest]:
    for piece in pieces:
        yield pb.UploadStatementRequest(chunk=piece)


async def endless() -> AsyncIterator[pb.UploadStatementRequest]:
    while True:
        yield pb.UploadStatementRequest(chunk=bytes(1 << 16))


async def test_upload_of_many_pieces_arrives_whole(store: port.Documents) -> None:
    async with (
        serving("ingestion", [FakeIngestion().registration()], store) as server,
        stub_of(STUB, "ingestion", server.target) as stub,
    ):
        with context.bind(outside_call(USER)):
            answer = await stub.UploadStatement(chunks(*[bytes(1 << 20)] * 12))
    assert answer.record_count == 12 << 20


async def test_each_message_of_an_upload_is_validated(store: port.Documents) -> None:
    taken: list[int] = []

    async def act(request: pb.UploadStatementRequest) -> None:
        taken.append(len(request.chunk))

    async with (
        serving("ingestion", [FakeIngestion(act).registration()], store) as server,
        stub_of(STUB, "ingestion", server.target) as stub,
    ):
        with context.bind(outside_call(USER)), pytest.raises(errors.InvalidArgument) as refused:
            await stub.UploadStatement(chunks(b"abc", bytes((1 << 20) + 1)))
    assert [violation.field for violation in refused.value.violations] == ["chunk"]
    assert taken == [3]


async def test_early_refusal_ends_an_upload_that_has_not_ended(store: port.Documents) -> None:
    async def act(_request: Any) -> None:
        raise errors.RateLimited

    async with (
        serving("ingestion", [FakeIngestion(act).registration()], store) as server,
        stub_of(STUB, "ingestion", server.target) as stub,
    ):
        for _ in range(20):
            with context.bind(outside_call(USER)), pytest.raises(errors.RateLimited):
                await stub.UploadStatement(endless())


async def test_refusal_reaches_a_caller_whose_next_piece_never_comes(store: port.Documents) -> None:
    async def stalled() -> AsyncIterator[pb.UploadStatementRequest]:
        yield pb.UploadStatementRequest(chunk=b"abc")
        await asyncio.Event().wait()

    async def act(_request: Any) -> None:
        raise errors.Conflict

    async with (
        serving("ingestion", [FakeIngestion(act).registration()], store) as server,
        stub_of(STUB, "ingestion", server.target) as stub,
    ):
        with context.bind(outside_call(USER)), pytest.raises(errors.Conflict):
            async with asyncio.timeout(5):
                await stub.UploadStatement(stalled())


async def test_what_the_callers_own_iterator_raises_is_raised_and_ends_the_call(store: port.Documents) -> None:
    class TooLarge(Exception):
        pass

    async def failing() -> AsyncIterator[pb.UploadStatementRequest]:
        yield pb.UploadStatementRequest(chunk=b"abc")
        raise TooLarge

    async with (
        serving("ingestion", [FakeIngestion().registration()], store) as server,
        stub_of(STUB, "ingestion", server.target) as stub,
    ):
        with context.bind(outside_call(USER)), pytest.raises(TooLarge):
            await stub.UploadStatement(failing())


async def test_cancelled_upload_is_cancelled(store: port.Documents) -> None:
    entered = asyncio.Event()

    async def act(_request: Any) -> None:
        entered.set()

    async with (
        serving("ingestion", [FakeIngestion(act).registration()], store) as server,
        stub_of(STUB, "ingestion", server.target) as stub,
    ):
        with context.bind(outside_call(USER)):
            uploading = asyncio.ensure_future(stub.UploadStatement(endless()))
        await entered.wait()
        uploading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await uploading


async def _read_into(seen: list[str], stream: Any) -> None:
    async for answer in stream:
        seen.append(answer.upload_id)  # noqa: PERF401 - what came before an error counts


ROWS = pb.StreamRowsRequest(user_id="user_1", upload_ids=[f"upload_{n}" for n in range(50)])


async def test_stream_arrives_in_order_and_an_error_in_it_is_typed(store: port.Documents) -> None:
    async def act(upload_id: str) -> None:
        if upload_id == "upload_40":
            raise errors.NotFound

    seen: list[str] = []
    async with (
        serving("ingestion", [FakeIngestion(act).registration()], store) as server,
        stub_of(STUB, "ingestion", server.target, caller="analysis") as stub,
    ):
        with pytest.raises(errors.NotFound):
            await _read_into(seen, stub.StreamRows(ROWS))
    assert seen == [f"upload_{n}" for n in range(40)]


async def test_stream_left_early_is_closed_on_the_far_side(store: port.Documents) -> None:
    async def act(upload_id: str) -> None:
        if upload_id == "upload_1":
            await asyncio.Event().wait()

    ingestion = FakeIngestion(act)
    async with serving("ingestion", [ingestion.registration()], store) as server:
        async with stub_of(STUB, "ingestion", server.target, caller="analysis") as stub:
            stream: Any = stub.StreamRows(ROWS)
            async with contextlib.aclosing(stream):
                assert (await anext(stream)).upload_id == "upload_0"

        async def closed() -> bool:
            return ingestion.closed

        await until(closed)


class _Flaky:
    """Unavailable for the first calls."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    async def __call__(self, _request: Any) -> None:
        self.left -= 1
        if self.left >= 0:
            raise errors.Unavailable


async def test_idempotent_call_is_retried_and_another_is_not(store: port.Documents) -> None:
    auth = FakeAuth(_Flaky(2))
    async with (
        serving("auth", [auth.registration()], store) as server,
        stub_of(auth_grpc.AuthServiceStub, "auth", server.target) as stub,
    ):
        await stub.ListSigningKeys(auth_pb.ListSigningKeysRequest())
        assert len(auth.calls) == 3
        auth.act = _Flaky(1)
        with pytest.raises(errors.Unavailable):
            await stub.Login(auth_pb.LoginRequest(email="a", password="b"))
        assert len(auth.calls) == 4


async def test_who_is_told_when_to_come_again_is_not_kept_waiting_by_retries(store: port.Documents) -> None:
    async def act(_request: Any) -> None:
        raise errors.Unavailable(retry_after_s=1.0)

    auth = FakeAuth(act)
    async with (
        serving("auth", [auth.registration()], store) as server,
        stub_of(auth_grpc.AuthServiceStub, "auth", server.target) as stub,
    ):
        with pytest.raises(errors.Unavailable) as refused:
            await stub.ListSigningKeys(auth_pb.ListSigningKeysRequest())
    assert refused.value.retry_after_s == 1.0
    assert len(auth.calls) == 1


async def test_refusals_are_not_retried(store: port.Documents) -> None:
    async def act(_request: Any) -> None:
        raise errors.Conflict

    auth = FakeAuth(act)
    async with (
        serving("auth", [auth.registration()], store) as server,
        stub_of(auth_grpc.AuthServiceStub, "auth", server.target) as stub,
    ):
        with pytest.raises(errors.Conflict):
            await stub.ListSigningKeys(auth_pb.ListSigningKeysRequest())
    assert len(auth.calls) == 1


async def test_retries_stop_when_their_budget_is_used_up(store: port.Documents) -> None:
    auth = FakeAuth(_Flaky(1_000_000))
    async with (
        serving("auth", [auth.registration()], store) as server,
        stub_of(auth_grpc.AuthServiceStub, "auth", server.target) as stub,
    ):
        for _ in range(20):
            with pytest.raises(errors.Unavailable):
                await stub.ListSigningKeys(auth_pb.ListSigningKeysRequest())
    # Three tries a call would be 60; ten failures use up half of the twenty tokens, and then each call is tried once.
    assert len(auth.calls) < 30


async def test_service_that_is_down_is_unavailable_quickly_and_found_again(store: port.Documents) -> None:
    login = auth_pb.LoginRequest(email="a", password="b")
    async with serving("auth", [FakeAuth().registration()], store) as server:
        target = server.target
    async with stub_of(auth_grpc.AuthServiceStub, "auth", target) as stub:
        started = time.monotonic()
        with pytest.raises(errors.Unavailable) as refused:
            await stub.Login(login)
        assert time.monotonic() - started < 10
        assert refused.value.retry_after_s is not None
        assert "127.0.0.1" not in refused.value.text

        async def found() -> bool:
            try:
                return bool(await stub.Login(login))
            except errors.Unavailable:
                return False

        async with serving("auth", [FakeAuth().registration()], store, address=target):
            await until(found)


async def test_several_servers_share_one_event_loop(store: port.Documents) -> None:
    async with (
        serving("auth", [FakeAuth().registration()], store) as first,
        serving("ingestion", [FakeIngestion().registration()], store) as second,
        stub_of(auth_grpc.AuthServiceStub, "auth", first.target) as auth,
        stub_of(STUB, "ingestion", second.target) as ingestion,
    ):
        with context.bind(outside_call(USER)):
            login, upload = await asyncio.gather(
                _awaited(auth.Login(auth_pb.LoginRequest(email="a", password="b"))),
                _awaited(ingestion.UploadStatement(chunks(b"abc"))),
            )
    assert (login.user_id, upload.record_count) == ("user_1", 3)


async def _awaited(call: Any) -> Any:
    return await call
