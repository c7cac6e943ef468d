"""Calls that come with an idempotency key, over real servers: one effect, and no body is read in vain."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from credpass.ingestion.v1 import ingestion_service_pb2 as pb
from credpass.ingestion.v1 import ingestion_service_pb2_grpc as pb_grpc

from mesh import errors
from mesh import idempotency as claims
from mesh.documents import port
from mesh.rpc import context, idempotency
from tests.fakes.servicers import FakeIngestion
from tests.support.clocks import HandClock
from tests.support.conditions import until
from tests.support.rpc_servers import outside_call, serving, stub_of

USER = context.UserPrincipal("user_1")
COLLECTION = "idempotency_keys_ingestion"
NEARLY_S = claims.LEASE.total_seconds() - 1


class Uploads:
    """Uploads to a server, each with the same key."""

    def __init__(self, stub: Any, seen: list[bytes]) -> None:
        self._stub, self.seen = stub, seen

    async def send(self, requests: AsyncIterator[pb.UploadStatementRequest]) -> tuple[int, bool]:
        """The number of bytes that the answer tells, and whether it is one that was given before."""
        with context.bind(outside_call(USER)), idempotency.sending("a key") as sent:
            answer = await self._stub.UploadStatement(requests)
        return answer.record_count, sent.replayed


class SlowBody:
    """A body whose second half waits until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[pb.UploadStatementRequest]:
        yield pb.UploadStatementRequest(chunk=b"first")
        await self.go.wait()
        yield pb.UploadStatementRequest(chunk=b"second")


async def body(*pieces: bytes) -> AsyncIterator[pb.UploadStatementRequest]:
    for piece in pieces:
        yield pb.UploadStatementRequest(chunk=piece)


async def a_body_that_never_comes() -> AsyncIterator[pb.UploadStatementRequest]:
    await asyncio.Event().wait()
    yield pb.UploadStatementRequest(chunk=b"never")


async def endless() -> AsyncIterator[pb.UploadStatementRequest]:
    while True:
        yield pb.UploadStatementRequest(chunk=bytes(1 << 16))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class Fake(FakeIngestion):
    """Refuses what it has read to the end while `refusal` is set."""

    refusal: errors.ServiceError | None = None

    async def UploadStatement(  # noqa: N802
        self, requests: AsyncIterator[pb.UploadStatementRequest], grpc_context: Any
    ) -> pb.UploadStatementResponse:
        answer = await super().UploadStatement(requests, grpc_context)
        if self.refusal is not None:
            raise self.refusal
        return answer


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
async def uploads(store: port.Documents, fake: Fake, clock: HandClock) -> AsyncIterator[Uploads]:
    seen: list[bytes] = []

    async def act(request: pb.UploadStatementRequest) -> None:
        seen.append(request.chunk)

    fake.act = act
    async with (
        serving("ingestion", [fake.registration()], store, time=clock, renew_s=0.01, users=[USER.user_id]) as server,
        stub_of(pb_grpc.IngestionServiceStub, "ingestion", server.target) as stub,
    ):
        yield Uploads(stub, seen)


@contextlib.asynccontextmanager
async def under_way(uploads: Uploads) -> AsyncIterator[tuple[SlowBody, asyncio.Task[tuple[int, bool]]]]:
    """An upload of which the server has seen the first half."""
    slow = SlowBody()
    sending = asyncio.create_task(uploads.send(aiter(slow)))

    async def has_begun() -> bool:
        return uploads.seen == [b"first"]

    try:
        await until(has_begun)
        yield slow, sending
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_key_under_way_is_refused_before_the_body_is_read(uploads: Uploads) -> None:
    async with under_way(uploads) as (slow, sending):
        for _ in range(3):
            with pytest.raises(errors.IdempotencyKeyInUse) as busy:
                await uploads.send(a_body_that_never_comes())
            assert busy.value.retry_after_s
        slow.go.set()
        assert await sending == (11, False)
    assert uploads.seen == [b"first", b"second"]


async def test_the_lease_is_renewed_while_a_slow_upload_goes_on(
    uploads: Uploads, store: port.Documents, clock: HandClock
) -> None:
    async def is_renewed() -> bool:
        (claim,) = await store.find(COLLECTION, port.Query(limit=2))
        return bool(claim.data["leaseUntil"] == clock.now() + claims.LEASE)

    async with under_way(uploads) as (slow, sending):
        for _ in range(3):
            clock.move(seconds=NEARLY_S)
            await until(is_renewed)
            with pytest.raises(errors.IdempotencyKeyInUse):
                await uploads.send(a_body_that_never_comes())
        slow.go.set()
        assert await sending == (11, False)
    assert await uploads.send(body(b"first", b"second")) == (11, True)
    assert uploads.seen == [b"first", b"second"]


async def test_the_same_bytes_cut_otherwise_get_the_first_answer(uploads: Uploads) -> None:
    assert await uploads.send(body(b"ab", b"cd")) == (4, False)
    assert await uploads.send(body(b"a", b"bcd")) == (4, True)
    assert uploads.seen == [b"ab", b"cd"]


async def test_more_than_the_first_body_is_not_read(uploads: Uploads) -> None:
    await uploads.send(body(b"abcd"))
    with pytest.raises(errors.IdempotencyKeyReused):
        await uploads.send(endless())
    assert uploads.seen == [b"abcd"]


async def test_who_goes_away_in_the_middle_may_come_again_at_once(
    uploads: Uploads, store: port.Documents, clock: HandClock
) -> None:
    async def is_let_go() -> bool:
        (claim,) = await store.find(COLLECTION, port.Query(limit=2))
        return bool(claim.data["leaseUntil"] <= clock.now())

    async with under_way(uploads) as (_, sending):
        sending.cancel()
        await until(is_let_go)
    assert await uploads.send(body(b"all of it")) == (9, False)


async def test_a_refusal_before_the_body_is_read_is_not_kept(uploads: Uploads, fake: Fake) -> None:
    async def refuse(request: pb.UploadStatementRequest) -> None:
        if request.chunk == b"wrong":
            raise errors.InvalidArgument("Wrong.")

    fake.act = refuse
    with pytest.raises(errors.InvalidArgument):
        await uploads.send(body(b"wrong", b"rest"))
    assert await uploads.send(body(b"right")) == (5, False)


async def test_a_refusal_for_good_is_kept_once_the_body_is_read(uploads: Uploads, fake: Fake) -> None:
    fake.refusal = errors.InvalidArgument("Wrong rows.")
    with pytest.raises(errors.InvalidArgument):
        await uploads.send(body(b"rows"))
    fake.refusal = None
    with pytest.raises(errors.InvalidArgument, match=r"Wrong rows\."):
        await uploads.send(body(b"rows"))
    with pytest.raises(errors.IdempotencyKeyReused):
        await uploads.send(body(b"more"))


async def test_a_failure_is_not_kept(uploads: Uploads, fake: Fake) -> None:
    fake.refusal = errors.Overloaded()
    with pytest.raises(errors.Overloaded):
        await uploads.send(body(b"rows"))
    fake.refusal = None
    assert await uploads.send(body(b"rows")) == (4, False)
