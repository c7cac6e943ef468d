"""The compiled HTTP/JSON <-> gRPC transcoder: plain google.api.http over any descriptors. No server, channel or policy.

Built once, at start:

    transcoder = Transcoder.from_services(services, Options(print_defaults=True))   # BuildError: the start fails

One request (`path` raw, as it came; `query` without its `?`):

    match transcoder.match(method, path):
        case Match(route=route, variables=variables):
            request = route.decode(variables, query, body)      # TranscodingError: 400, .violations name the fields
            response = await call(route.method, request)
            text = route.encode(response)                       # compact JSON, to be put into an envelope as it is
        case WrongMethod(allow=allow): ...                      # 405 with Allow
        case NotFound(): ...                                    # 404
        case BadPath(): ...                                     # 400

A Route has `.method` (MethodDescriptor), `.binding`, `.template`, `.client_streaming`, `.server_streaming`.
HEAD finds the GET route. `transcoder.allowed(path)` answers OPTIONS. A client stream in a body is fed in pieces to
`route.body_stream(variables, query, body_stream.form_of(content_type))`; a server stream is framed by
`StreamWriter(negotiate(accept))`, each message `route.encode`d.

Beside them: `status` (google.rpc.Code -> HTTP, error bodies), `timeouts` (grpc-timeout), `headers` (allow-list ->
metadata), `json_in`/`json_out` (the converters alone: `transcoder.readers.parse`, `transcoder.writers.encode`), `rules`
and `templates` (the contract's view, for documents such as OpenAPI).

Everything is read-only after the build and may be shared between threads. No text of a library reaches an error.
"""

from __future__ import annotations

from .body_stream import BodyStream, StreamForm
from .errors import (
    BuildError,
    DuplicateRouteError,
    EncodingError,
    FieldViolation,
    RuleError,
    TemplateError,
    TranscodingError,
)
from .headers import HeaderRules
from .options import Collision, DecodeMode, Options
from .router import BadPath, Match, NotFound, Router, WrongMethod
from .streams import StreamOut, StreamWriter, negotiate
from .transcoder import Route, Transcoder

__all__ = [
    "BadPath",
    "BodyStream",
    "BuildError",
    "Collision",
    "DecodeMode",
    "DuplicateRouteError",
    "EncodingError",
    "FieldViolation",
    "HeaderRules",
    "Match",
    "NotFound",
    "Options",
    "Route",
    "Router",
    "RuleError",
    "StreamForm",
    "StreamOut",
    "StreamWriter",
    "TemplateError",
    "Transcoder",
    "TranscodingError",
    "WrongMethod",
    "negotiate",
]
