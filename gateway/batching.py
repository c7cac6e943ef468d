"""Routes whose method has a batch twin: calls that arrive while one is in flight leave together in the next."""

from __future__ import annotations

import asyncio
from typing import Any

import protovalidate
from google.protobuf import message as protobuf

from gateway import routes, transcoding
from gateway.endpoints import Answer, Door, Variables
from gateway.http import Request, Response
from gateway.transcoding import timeouts
from mesh import errors
from mesh.rpc import coalescing, policy, status
from mesh.rpc.interceptors import validation

MAX_BATCH = 256
# The service works on one batch while we fill, or take apart, another.
IN_FLIGHT = 2


class Coalesced:
    """One request in, one item of a batch out. The service checks the presented key of each item."""

    def __init__(self, door: Door, route: transcoding.Route, said: policy.MethodPolicy, twin: Any) -> None:
        method = route.method.containing_service.methods_by_name[said.batch]
        self._door, self._route, self._policy = door, route, said
        self._answer = Answer(route, said.success)
        self._batch = routes.message_class(method.input_type)
        self._item = routes.message_class(method.input_type.fields_by_name["items"].message_type)
        self._twin = twin
        # Rules are compiled at first use, which takes milliseconds: better now than in somebody's call.
        protovalidate.collect_violations(routes.message_class(route.method.input_type)())
        self._coalescer: coalescing.Coalescer[protobuf.Message, Any] = coalescing.Coalescer(
            self._send,
            max_batch=MAX_BATCH,
            in_flight=IN_FLIGHT,
            timeout_s=door.settings.request_timeout_s,
            name=said.name,
        )

    async def __call__(self, request: Request, variables: Variables) -> Response:
        key = await self._door.authenticator.api_key(request.bearer())
        headers = await self._door.draw(self._policy, key.prefix)
        message = self._route.decode(variables, request.query, await self._door.body(request, self._route))
        # The service checks a batch as a whole: an item that breaks a rule must not take its neighbours with it.
        validation.check(message)
        item = self._item(
            request=message,
            api_key=key.text,
            correlation_id=request.correlation_id,
            client_address=request.client_address,
        )
        # The batch has its own deadline; only a client that asks for less needs a timer.
        asks_for_less = timeouts.HEADER in request.headers
        result = await (self._within_timeout(request, item) if asks_for_less else self._coalescer.call(item))
        return self._answer(_outcome(result), headers)

    async def close(self) -> None:
        """Take no more calls; return when those under way are answered."""
        await self._coalescer.close()

    async def _within_timeout(self, request: Request, item: protobuf.Message) -> Any:
        try:
            async with asyncio.timeout(self._door.timeout_s(request, self._door.settings.request_timeout_s)):
                return await self._coalescer.call(item)
        except TimeoutError:
            raise errors.DeadlineExceeded from None

    async def _send(self, items: list[protobuf.Message]) -> list[Any]:
        timeout_s = self._door.settings.request_timeout_s
        return list((await self._twin(self._batch(items=items), timeout=timeout_s)).results)


def _outcome(result: Any) -> protobuf.Message:
    if result.HasField("response"):
        response: protobuf.Message = result.response
        return response
    raise status.from_status(result.error) if result.HasField("error") else errors.Internal()
