"""Routes that stream: a form as a client stream in, a server stream as NDJSON, events or an array out."""

from __future__ import annotations

import contextlib
import dataclasses
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from typing import Any

from google.protobuf import message as protobuf

from gateway import envelope, multipart, routes, transcoding
from gateway.endpoints import Answer, Door, Variables
from gateway.http import Header, Request, Response
from gateway.transcoding.requests import RequestDecoder
from mesh import errors
from mesh.rpc import policy


class NotAcceptable(errors.InvalidArgument):
    reason = "UNSUPPORTED_MEDIA_TYPE"
    message = "The answer has no form that Accept takes."


class FormMessages:
    """Parts of a form -> messages of the request stream, as the method's `multipart` option says."""

    def __init__(self, route: transcoding.Route, said: policy.MethodPolicy, compiled: transcoding.Transcoder) -> None:
        option, request = said.multipart, route.method.input_type
        if option is None:
            raise ValueError(f"{route.method.full_name} takes a client stream, but says no form")
        self._request, self._form, self._chunk = routes.message_class(request), option.form, option.chunk
        form = request.fields_by_name[option.form].message_type
        self._form_class, self._file_name = routes.message_class(form), option.file_name
        assert form is not None
        self._decoder = RequestDecoder(form, (), "", compiled.readers, routes.OPTIONS)

    async def __call__(self, parts: AsyncIterator[multipart.Part]) -> AsyncIterator[protobuf.Message]:
        """One message a field and a piece. Raises TranscodingError naming a field that the form does not have."""
        async for part in parts:
            if isinstance(part, multipart.FileChunk):
                yield self._request(**{self._chunk: part.data})
            elif isinstance(part, multipart.FileStart):
                yield self._request(**{self._form: self._form_class(**{self._file_name: part.file_name})})
            else:
                query = urllib.parse.urlencode({part.name: part.value})
                yield self._request(**{self._form: self._decoder.decode((), query, b"")})

    @contextlib.contextmanager
    def naming_fields(self) -> Iterator[None]:
        """Have refusals name the form's fields as the client knows them: the message that holds them is ours."""
        try:
            yield
        except errors.ServiceError as error:
            error.violations = tuple(
                dataclasses.replace(violation, field=violation.field.removeprefix(f"{self._form}."))
                for violation in error.violations
            )
            raise


class Upload:
    """A form whose pieces become a client stream. Nothing of the file is held here."""

    def __init__(
        self,
        door: Door,
        route: transcoding.Route,
        said: policy.MethodPolicy,
        call: Any,
        compiled: transcoding.Transcoder,
    ) -> None:
        self._door, self._route, self._policy, self._call = door, route, said, call
        self._answer = Answer(route, said.success)
        self._messages = FormMessages(route, said, compiled)

    async def __call__(self, request: Request, _: Variables) -> Response:
        principal, headers = await self._door.admit(request, self._policy)
        messages = self._read(request)
        timeout_s = self._door.timeout_s(request, self._door.settings.upload_timeout_s)
        with self._door.calling(request, self._route, principal), self._messages.naming_fields():
            return self._answer(await self._call(messages, timeout=timeout_s), headers)

    def _read(self, request: Request) -> AsyncIterator[protobuf.Message]:
        """The request stream. What can be refused before anything is read is refused here."""
        limit_bytes = self._door.settings.upload_limit_bytes + self._door.settings.body_limit_bytes
        content_type = request.headers.get("content-type", "")
        multipart.boundary_of(content_type)
        request.check_length(limit_bytes)
        return self._messages(multipart.read_form(request.pieces(), content_type, limit_bytes))


class ServerStream:
    """A server stream, each message framed as Accept asks."""

    def __init__(self, door: Door, route: transcoding.Route, said: policy.MethodPolicy, call: Any) -> None:
        self._door, self._route, self._policy, self._call = door, route, said, call

    async def __call__(self, request: Request, variables: Variables) -> Response:
        principal, headers = await self._door.admit(request, self._policy)
        form = transcoding.negotiate(request.headers.get("accept"))
        if form is None:
            raise NotAcceptable
        writer = transcoding.StreamWriter(form)
        message = self._route.decode(variables, request.query, await self._door.body(request, self._route))
        timeout_s = self._door.timeout_s(request, self._door.settings.upload_timeout_s)
        with self._door.calling(request, self._route, principal):
            answers = self._call(message, timeout=timeout_s)
        return await self._begun(answers, writer, request, headers)

    async def _begun(
        self,
        answers: AsyncIterator[protobuf.Message],
        writer: transcoding.StreamWriter,
        request: Request,
        headers: list[Header],
    ) -> Response:
        """Wait for the first message: an error before it still has its own HTTP status."""
        first = await anext(answers, None)

        async def pieces() -> AsyncIterator[bytes]:
            yield writer.start()
            if first is not None:
                yield writer.item(self._route.encode(first))
            try:
                async for answer in answers:
                    yield writer.item(self._route.encode(answer))
            except errors.ServiceError as error:
                yield writer.error(envelope.failure(error, request.request_id))
            yield writer.end()

        return Response(200, b"", headers, writer.content_type, pieces())
