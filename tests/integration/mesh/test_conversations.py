"""Calls on a stream that stays open: one call a request, with the access, rules and deadline of a call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from credpass.verification.v1 import verification_service_pb2 as pb
from credpass.verification.v1 import verification_service_pb2_grpc as pb_grpc

from mesh import errors
from mesh.documents import port
from mesh.rpc.server import Registration, Server
from tests.fakes.servicers import VERIFICATION, Partial
from tests.support.conditions import until
from tests.support.rpc_servers import serving, stub_of


class Answering(Partial):
    """Answers each item with the token it asked for; some tokens ask for more."""

    def __init__(self) -> None:
        self.streams: set[int] = set()
        self.batches = 0
        self.waits, self.go = asyncio.Event(), asyncio.Event()

    async def BatchVerifyTokens(  # noqa: N802
        self, request: pb.BatchVerifyTokensRequest, context: Any
    ) -> pb.BatchVerifyTokensResponse:
        self.streams.add(id(context))
        self.batches += 1
        token = request.items[0].request.token
        if token == "vt_fails":
            raise errors.NotFound("There is no such thing.")
        if token == "vt_waits":
            self.waits.set()
            await self.go.wait()
        outcome = pb.VerifyTokenResponse(reason=token)
        return pb.BatchVerifyTokensResponse(results=[pb.BatchVerifyTokensResponse.Result(response=outcome)])

    def registration(self) -> Registration:
        return Registration(VERIFICATION, pb_grpc.add_VerificationServiceServicer_to_server, self)


def batch(token: str = "vt_1") -> pb.BatchVerifyTokensRequest:
    return pb.BatchVerifyTokensRequest(
        items=[pb.BatchVerifyTokensRequest.Item(request=pb.VerifyTokenRequest(token=token))]
    )


def said(answer: pb.BatchVerifyTokensResponse) -> str:
    return answer.results[0].response.reason


@contextlib.asynccontextmanager
async def conversing(fake: Answering, store: port.Documents) -> AsyncIterator[tuple[Any, Server]]:
    async with (
        serving("verification", [fake.registration()], store) as server,
        stub_of(pb_grpc.VerificationServiceStub, "verification", server.target) as stub,
    ):
        yield stub, server


async def test_calls_one_after_the_other_share_a_stream(store: port.Documents) -> None:
    fake = Answering()
    async with conversing(fake, store) as (stub, _):
        answers = [said(await stub.BatchVerifyTokens(batch(f"vt_{number}"))) for number in range(20)]
    assert answers == [f"vt_{number}" for number in range(20)]
    assert len(fake.streams) == 1


async def test_calls_at_once_each_get_their_own_answer(store: port.Documents) -> None:
    async with conversing(Answering(), store) as (stub, _):
        for _ in range(3):
            answers = await asyncio.gather(*(stub.BatchVerifyTokens(batch(f"vt_{number}")) for number in range(30)))
            assert [said(answer) for answer in answers] == [f"vt_{number}" for number in range(30)]


async def test_only_the_peers_that_the_contract_names_may_converse(store: port.Documents) -> None:
    fake = Answering()
    async with (
        serving("verification", [fake.registration()], store) as server,
        stub_of(pb_grpc.VerificationServiceStub, "verification", server.target, caller="ingestion") as stub,
    ):
        caller: Any = stub
        with pytest.raises(errors.PermissionDenied):
            await caller.BatchVerifyTokens(batch())
    assert fake.batches == 0


async def test_each_request_is_validated_and_the_next_call_is_answered(store: port.Documents) -> None:
    fake = Answering()
    async with conversing(fake, store) as (stub, _):
        await stub.BatchVerifyTokens(batch())
        with pytest.raises(errors.InvalidArgument) as refused:
            await stub.BatchVerifyTokens(pb.BatchVerifyTokensRequest())
        assert [violation.field for violation in refused.value.violations] == ["items"]
        assert said(await stub.BatchVerifyTokens(batch("vt_2"))) == "vt_2"
    assert fake.batches == 2


async def test_an_error_comes_back_as_its_type_and_the_next_call_is_answered(store: port.Documents) -> None:
    async with conversing(Answering(), store) as (stub, _):
        await stub.BatchVerifyTokens(batch())
        with pytest.raises(errors.NotFound):
            await stub.BatchVerifyTokens(batch("vt_fails"))
        assert said(await stub.BatchVerifyTokens(batch("vt_2"))) == "vt_2"


async def test_a_call_ends_at_its_deadline_and_its_late_answer_is_nobodys(store: port.Documents) -> None:
    fake = Answering()
    async with conversing(fake, store) as (stub, _):
        await stub.BatchVerifyTokens(batch())
        with pytest.raises(errors.DeadlineExceeded):
            await stub.BatchVerifyTokens(batch("vt_waits"), timeout=0.2)
        fake.go.set()
        assert said(await stub.BatchVerifyTokens(batch("vt_2"))) == "vt_2"


async def test_a_caller_that_goes_away_leaves_no_answer_behind(store: port.Documents) -> None:
    fake = Answering()
    async with conversing(fake, store) as (stub, _):
        await stub.BatchVerifyTokens(batch())
        gone = asyncio.ensure_future(stub.BatchVerifyTokens(batch("vt_waits")))
        await fake.waits.wait()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        fake.go.set()
        assert said(await stub.BatchVerifyTokens(batch("vt_2"))) == "vt_2"


async def test_an_open_stream_does_not_hold_up_a_server_that_drains(store: port.Documents) -> None:
    fake = Answering()
    async with conversing(fake, store) as (stub, server):
        await stub.BatchVerifyTokens(batch())
        async with asyncio.timeout(20):  # of the grace of an hour
            await server.drain(3600)


async def test_a_call_under_way_is_answered_while_its_server_drains(store: port.Documents) -> None:
    fake = Answering()
    async with conversing(fake, store) as (stub, server):
        await stub.BatchVerifyTokens(batch())
        under_way = asyncio.ensure_future(stub.BatchVerifyTokens(batch("vt_waits")))
        await fake.waits.wait()
        draining = asyncio.ensure_future(server.drain(3600))
        await asyncio.sleep(0)
        fake.go.set()
        assert said(await under_way) == "vt_waits"
        async with asyncio.timeout(20):
            await draining


async def test_calls_go_on_with_the_server_that_comes_next(store: port.Documents) -> None:
    first, second = Answering(), Answering()
    async with serving("verification", [first.registration()], store) as server:
        target = server.target
        channel = stub_of(pb_grpc.VerificationServiceStub, "verification", target)
        stub: Any = await channel.__aenter__()
        await stub.BatchVerifyTokens(batch())

    async def answered() -> bool:
        try:
            return said(await stub.BatchVerifyTokens(batch("vt_2"))) == "vt_2"
        except errors.Unavailable:
            return False

    try:
        with pytest.raises(errors.Unavailable):
            await stub.BatchVerifyTokens(batch())
        async with serving("verification", [second.registration()], store, address=target):
            await until(answered)
    finally:
        await channel.__aexit__(None, None, None)
    assert (first.batches, second.batches) == (1, 1)
