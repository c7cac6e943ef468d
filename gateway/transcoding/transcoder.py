"""Routes of a set of services, compiled: path -> route, request -> message, message -> JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf import descriptor_pb2, descriptor_pool, message
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor

from . import fields, rules, templates
from .body_stream import BodyStream, StreamForm
from .errors import Refusal, RuleError
from .fields import Convert
from .json_in import JsonReaders
from .json_out import JsonWriters
from .options import Options
from .registry import TypeRegistry
from .requests import RequestDecoder
from .router import Result, Router


class Route:
    """One binding of one gRPC method. Read-only after the build, so threads and tasks may share it."""

    __slots__ = ("_decoder", "_encode", "_rest", "binding", "method")

    def __init__(
        self,
        method: MethodDescriptor,
        binding: rules.Binding,
        readers: JsonReaders,
        writers: JsonWriters,
        options: Options,
    ) -> None:
        """Compile a binding; raises RuleError where it does not fit the method's messages."""
        self.method = method
        self.binding = binding
        variables = [variable.field for variable in binding.template.variables]
        patches = binding.method == "PATCH"
        self._decoder = RequestDecoder(
            method.input_type, variables, binding.body, readers, options, infers_mask=patches
        )
        self._rest = RequestDecoder(method.input_type, (), binding.body, readers, options)
        self._encode = _Encoder(method.output_type, binding.response_body, writers)

    @property
    def template(self) -> templates.Template:
        """The path template."""
        return self.binding.template

    @property
    def client_streaming(self) -> bool:
        """Whether the method takes a stream: use body_stream() instead of decode()."""
        return bool(self.method.client_streaming)

    @property
    def server_streaming(self) -> bool:
        """Whether the method answers with a stream: encode() each message, frame them by streams.StreamWriter."""
        return bool(self.method.server_streaming)

    def decode(self, variables: Sequence[str], query: str = "", body: bytes = b"") -> message.Message:
        """The request message; raises TranscodingError. `variables` come from the Match, `query` has no `?`."""
        return self._decoder.decode(variables, query, body)

    def body_stream(self, variables: Sequence[str], query: str, form: StreamForm) -> BodyStream:
        """The request messages of a body that is fed in pieces."""
        return BodyStream(self._decoder, self._rest, variables, query, form)

    def encode(self, response: message.Message) -> bytes:
        """JSON text of the response (of its `response_body` field, where the rule names one); raises EncodingError.

        The text can be put into an envelope as it is: `b'{"success":true,"data":' + text + b"}"`.
        """
        return self._encode(response)


class Transcoder:
    """All routes of some services."""

    def __init__(
        self, bound: Iterable[tuple[MethodDescriptor, rules.Binding]], types: TypeRegistry, options: Options
    ) -> None:
        """Compile everything; raises BuildError (template, rule, duplicate) naming the method."""
        self.readers = JsonReaders(types, options)
        self.writers = JsonWriters(types, options)
        self.routes = tuple(self._route(method, binding, options) for method, binding in bound)
        self._router: Router[Route] = Router(
            ((route.binding.method, route.template, route) for route in self.routes),
            mode=options.decode_mode,
            unregistered_verb_matches_wildcard=options.unregistered_verb_matches_wildcard,
        )

    @classmethod
    def from_services(cls, services: Iterable[ServiceDescriptor], options: Options = Options()) -> Transcoder:  # noqa: B008
        """Routes of every method with a `google.api.http` option; methods without one are not reachable by HTTP."""
        known = tuple(services)
        pools = dict.fromkeys(service.file.pool for service in known)
        return cls(_bound(known), TypeRegistry(*pools), options)

    @classmethod
    def from_file_set(
        cls,
        files: descriptor_pb2.FileDescriptorSet,
        options: Options = Options(),  # noqa: B008 - immutable
    ) -> Transcoder:
        """The same for every service of a complete descriptor set (protoc --include_imports)."""
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        names = [f"{file.package}.{service.name}".lstrip(".") for file in files.file for service in file.service]
        return cls.from_services((pool.FindServiceByName(name) for name in names), options)

    def match(self, method: str, path: str) -> Result[Route]:
        """Find the route of a raw request path: Match, NotFound (404), WrongMethod (405) or BadPath (400)."""
        return self._router.match(method, path)

    def allowed(self, path: str) -> tuple[str, ...]:
        """The methods a path is known under, for OPTIONS; empty when it is unknown."""
        return self._router.allowed(path)

    def _route(self, method: MethodDescriptor, binding: rules.Binding, options: Options) -> Route:
        try:
            return Route(method, binding, self.readers, self.writers, options)
        except RuleError as error:
            raise RuleError(f"{method.full_name}: {error}") from error


class _Encoder:
    """Response -> JSON text."""

    __slots__ = ("_field", "_write", "_writers")

    def __init__(self, descriptor: Descriptor, response_body: str, writers: JsonWriters) -> None:
        self._writers = writers
        self._field = ""
        self._write: Convert = writers.writer(descriptor)
        if response_body:
            self._field, self._write = _field_write(descriptor, response_body, writers)

    def __call__(self, response: message.Message) -> bytes:
        return self._writers.dump(self._write, getattr(response, self._field) if self._field else response)


def _field_write(descriptor: Descriptor, name: str, writers: JsonWriters) -> tuple[str, Convert]:
    try:
        (field,) = fields.resolve(descriptor, name)
    except (Refusal, ValueError):
        raise RuleError(f"{descriptor.full_name} has no top-level field {name!r} for response_body") from None
    return field.name, writers.field_writer(field) or _as_it_is


def _as_it_is(value: object) -> object:
    return value


def _bound(services: Iterable[ServiceDescriptor]) -> Iterator[tuple[MethodDescriptor, rules.Binding]]:
    for service in services:
        for method in service.methods:
            for binding in rules.method_bindings(method):
                yield method, binding
