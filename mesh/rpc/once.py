"""Runs a call that came with an idempotency key at most once, and answers it again with what was answered first.

Kept are successes and refusals for good. What failed, was throttled or came too late may go better next time, and a
refusal before the body was read speaks of no body: such a call is made anew, with the same ids for what it makes.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from credpass.mesh.v1 import idempotency_pb2
from google.protobuf import message as protobuf

from mesh import errors, idempotency
from mesh.errors import Kind
from mesh.rpc import context, status
from mesh.rpc import idempotency as keys
from mesh.rpc.call import Call
from mesh.rpc.policy import MethodPolicy

_FOR_GOOD = frozenset(
    {Kind.INVALID_ARGUMENT, Kind.NOT_FOUND, Kind.ALREADY_EXISTS, Kind.FAILED_PRECONDITION, Kind.PERMISSION_DENIED}
)

Answer = Callable[[Call], Awaitable[bytes]]


class Once:
    """Stands in the place of `answer` for one method."""

    def __init__(self, claims: idempotency.Claims, policy: MethodPolicy, answer: Answer) -> None:
        self._claims, self._policy, self._answer = claims, policy, answer

    async def __call__(self, call: Call) -> bytes:
        """The serialised answer. Without a key nothing is different, and nothing is kept."""
        sent = keys.told(call.grpc.invocation_metadata() or ())
        if not sent:
            return await self._answer(call)
        body = self._body(call)
        taken = await self._claims.take(self._key(call, sent, body), body.read)
        if isinstance(taken, idempotency.Kept):
            return await self._again(call, body, taken)
        return await self._first(call, body, taken)

    def _body(self, call: Call) -> _Whole | _Streamed:
        if not self._policy.client_streaming:
            return _Whole(call.request)
        body = _Streamed(self._policy, call.request)
        call.request = aiter(body)
        return body

    def _key(self, call: Call, sent: str, body: _Whole | _Streamed) -> idempotency.Key:
        who = call.principal
        if isinstance(who, context.UserPrincipal):
            return idempotency.Key(("user", who.user_id, self._policy.name, sent), who.user_id)
        if isinstance(who, context.InstitutionPrincipal):
            scope = ("institution", who.institution_id, self._policy.name, sent)
            return idempotency.Key(scope, who.institution_id)
        # Nobody is told by a refusal that somebody else uses a key, nor given another's answer.
        digest = body.read.digest if body.read else ""
        return idempotency.Key(("anonymous", call.client_address, self._policy.name, sent, digest))

    async def _first(self, call: Call, body: _Whole | _Streamed, claim: idempotency.Claim) -> bytes:
        body.settle_with(claim)
        keys.set_effects(claim.effects)
        async with claim.held():
            try:
                response = await self._answer(call)
                await body.finish()
                await claim.keep(_kept(call, response=response))
            except errors.ServiceError as refusal:
                await self._refused(call, body, claim, refusal)
                raise
            except BaseException:
                await claim.let_go()
                raise
        return response

    async def _refused(
        self, call: Call, body: _Whole | _Streamed, claim: idempotency.Claim, refusal: errors.ServiceError
    ) -> None:
        is_ours = isinstance(refusal, errors.IdempotencyKeyReused)
        if is_ours or body.read is None or refusal.kind not in _FOR_GOOD:
            await claim.let_go()
        else:
            await claim.keep(_kept(call, refusal=status.to_status(refusal)))

    async def _again(self, call: Call, body: _Whole | _Streamed, kept: idempotency.Kept) -> bytes:
        body.expect(kept.body)
        await body.finish()
        assert body.read is not None
        idempotency.check(await self._claims.digested(body.read), kept.body)
        answer = idempotency_pb2.KeptAnswer.FromString(kept.answer)
        if call.notes is not None:
            call.notes.update(answer.notes)
        await call.grpc.send_initial_metadata(((keys.REPLAYED, "true"),))
        if answer.HasField("refusal"):
            raise status.from_status(answer.refusal)
        return answer.response


def _kept(call: Call, **outcome: Any) -> bytes:
    return idempotency_pb2.KeptAnswer(notes=call.notes or {}, **outcome).SerializeToString()


class _Whole:
    """The body of a call with one request: read before the call begins."""

    def __init__(self, request: protobuf.Message) -> None:
        content = request.SerializeToString(deterministic=True)
        self.read: idempotency.Body | None = idempotency.Body(hashlib.sha256(content).hexdigest(), len(content))

    def settle_with(self, claim: idempotency.Claim) -> None:
        """The claim knows it already."""

    def expect(self, known: idempotency.Body) -> None:
        """The claim has compared it already."""

    async def finish(self) -> None:
        """Nothing is left to read."""


class _Streamed:
    """The body of a form, digested as it passes: the file's bytes however they are cut, and the fields in their order.

    `read` is None until all of it has come.
    """

    def __init__(self, policy: MethodPolicy, messages: AsyncIterator[Any]) -> None:
        assert policy.multipart is not None
        self._form, self._chunk = policy.multipart.form, policy.multipart.chunk
        self._passing = self._counted(messages)
        self._file, self._fields = hashlib.sha256(), hashlib.sha256()
        self._size_bytes = 0
        self._claim: idempotency.Claim | None = None
        self._expected: idempotency.Body | None = None
        self.read: idempotency.Body | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._passing

    def settle_with(self, claim: idempotency.Claim) -> None:
        """Before the servicer hears that the body is complete, the claim stands for exactly this one."""
        self._claim, self._expected = claim, claim.body

    def expect(self, known: idempotency.Body) -> None:
        """More than this need not be read."""
        self._expected = known

    async def finish(self) -> None:
        """Read what is left. Raises IdempotencyKeyReused as soon as it cannot be the same body."""
        async for _ in self._passing:
            pass

    async def _counted(self, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for message in messages:
            self._count(message)
            if self._expected is not None and self._size_bytes > self._expected.size_bytes:
                raise errors.IdempotencyKeyReused
            yield message
        digest = hashlib.sha256(self._file.digest() + self._fields.digest()).hexdigest()
        self.read = idempotency.Body(digest, self._size_bytes)
        if self._claim is not None:
            await self._claim.settle(self.read)

    def _count(self, message: Any) -> None:
        if message.HasField(self._form):
            field = getattr(message, self._form).SerializeToString(deterministic=True)
            self._fields.update(len(field).to_bytes(4, "big") + field)
            self._size_bytes += len(field)
        else:
            chunk: bytes = getattr(message, self._chunk)
            self._file.update(chunk)
            self._size_bytes += len(chunk)
