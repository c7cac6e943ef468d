"""What happens on a route: who calls, from which budget, decoded, called, encoded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import orjson
from credpass.mesh.v1 import options_pb2
from google.protobuf import message as protobuf

from gateway import envelope, limits, multipart, principals, routes, transcoding
from gateway.http import Header, Request, Response
from gateway.settings import Settings
from gateway.transcoding import timeouts
from mesh import errors
from mesh.rpc import context, policy

Variables = Sequence[str]

SHORTEST_TIMEOUT_S = 0.001


class Endpoint(Protocol):
    """One route."""

    async def __call__(self, request: Request, variables: Variables, /) -> Response:
        """Answer a request. Raises ServiceError."""
        ...


class Door:
    """What all routes share before a call: the caller's principal, its budget, the call's context and deadline."""

    def __init__(self, authenticator: principals.Authenticator, budgets: limits.Limits, settings: Settings) -> None:
        self.authenticator, self.budgets, self.settings = authenticator, budgets, settings

    async def admit(self, request: Request, said: policy.MethodPolicy) -> tuple[context.Principal | None, list[Header]]:
        """The principal, and the headers that tell how it stands. Draws one request from the budget."""
        if said.access.caller == options_pb2.CALLER_USER:
            user = await self.authenticator.user(request.bearer())
            return user, await self.draw(said, user.user_id)
        if said.access.caller == options_pb2.CALLER_INSTITUTION:
            key = await self.authenticator.api_key(request.bearer())
            headers = await self.draw(said, key.prefix)
            return await self.authenticator.institution(key.text), headers
        return None, await self.draw(said, request.client_address)

    async def draw(self, said: policy.MethodPolicy, identity: str) -> list[Header]:
        """Take one request from a budget."""
        return (await self.budgets.take(routes.rate_class(said.rate), identity)).headers()

    @contextlib.contextmanager
    def calling(
        self, request: Request, route: transcoding.Route, principal: context.Principal | None
    ) -> Iterator[None]:
        """Bind the context that travels with the call."""
        info = context.CallInfo(
            service="gateway",
            method=route.method.full_name,
            request_id=request.request_id,
            correlation_id=request.correlation_id,
            principal=principal,
            client_address=request.client_address,
            user_agent=request.headers.get("user-agent", ""),
            traceparent=request.headers.get("traceparent", ""),
        )
        with context.bind(info):
            yield

    def timeout_s(self, request: Request, default_s: float) -> float:
        """The deadline of a call; a client's grpc-timeout may only shorten it.

        Raises:
            errors.DeadlineExceeded: to less than any call takes.
        """
        text = request.headers.get("grpc-timeout")
        if text is None:
            return default_s
        asked_s = timeouts.parse_timeout_ns(text) / 1e9
        if asked_s < SHORTEST_TIMEOUT_S:
            raise errors.DeadlineExceeded
        return min(default_s, asked_s)

    async def body(self, request: Request, route: transcoding.Route) -> bytes:
        """The body of a JSON route; empty where the route takes none."""
        body = await request.body(self.settings.body_limit_bytes) if request.has_body else b""
        if not body:
            return body
        if not route.binding.body:
            raise errors.InvalidArgument("This route takes no body.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise multipart.UnsupportedMediaType(metadata={"expected": "application/json"})
        return body


class Answer:
    """How a success of a route is written."""

    def __init__(self, route: transcoding.Route, success: options_pb2.Success) -> None:
        self._encode = route.encode
        self._status = success.status or 200
        self._message = orjson.dumps(success.message) if success.message else b""
        self._location = success.location

    def __call__(self, response: protobuf.Message, headers: list[Header]) -> Response:
        if self._location:
            fields = {field.name: getattr(response, field.name) for field in response.DESCRIPTOR.fields}
            headers = [*headers, ("location", self._location.format_map(fields))]
        return Response(self._status, envelope.success(self._encode(response), self._message), headers)


class Unary:
    """One request, one call, one answer."""

    def __init__(self, door: Door, route: transcoding.Route, said: policy.MethodPolicy, call: Any) -> None:
        self._door, self._route, self._policy, self._call = door, route, said, call
        self._answer = Answer(route, said.success)

    async def __call__(self, request: Request, variables: Variables) -> Response:
        principal, headers = await self._door.admit(request, self._policy)
        message = self._route.decode(variables, request.query, await self._door.body(request, self._route))
        timeout_s = self._door.timeout_s(request, self._door.settings.request_timeout_s)
        with self._door.calling(request, self._route, principal):
            return self._answer(await self._call(message, timeout=timeout_s), headers)
