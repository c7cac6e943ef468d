"""Operations of the OpenAPI document: one per HTTP binding of a method."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from credpass.mesh.v1 import options_pb2
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor

from gateway.openapi.comments import Comments
from gateway.openapi.schemas import Schemas, message_of
from mesh.rpc import policy

Json = dict[str, Any]

VERBS = ("get", "put", "post", "delete", "patch")

ENVELOPES: Json = {
    "Error": {
        "type": "object",
        "description": "What went wrong. `code` is stable; `message` is for people.",
        "required": ["success", "error", "requestId"],
        "properties": {
            "success": {"const": False},
            "error": {
                "type": "object",
                "required": ["code", "message", "details"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "details": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["field", "message"],
                            "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                        },
                    },
                },
            },
            "requestId": {"type": "string"},
        },
    },
}

HEADERS: Json = {
    "Idempotency-Replayed": {
        "description": "true: this is the answer that the first call with the Idempotency-Key got.",
        "schema": {"const": "true"},
    },
    "RateLimit": {
        "description": "What is left of the budget, and seconds until it opens.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {"description": "The budget: requests and seconds.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds until the call may be made again.", "schema": {"type": "integer"}},
    "X-Request-Id": {"description": "Id of this request, for support.", "schema": {"type": "string"}},
}

# Beside those that every answer has.
SPECIAL_HEADERS = frozenset({"Retry-After", "Idempotency-Replayed"})

PARAMETERS: Json = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": (
            "Names this call, so that it can be made again safely: with the same key and body it has one effect and, "
            'for 24 hours, the same answer. A structured-field string such as `"8e03978e-40d5"`, or bare characters; '
            "use one that nobody can guess."
        ),
        # Printable, and visible characters only where there are no quotes around.
        "schema": {"type": "string", "pattern": r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~][!-~]{0,254})$'},
    },
}

SECURITY_SCHEMES: Json = {
    "user": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Access token of a user."},
    "institution": {"type": "http", "scheme": "bearer", "bearerFormat": "API key", "description": "API key."},
}

STATUSES = {
    400: "The request breaks a rule; `details` names each field.",
    401: "Credentials are missing or not valid.",
    403: "The caller may not do this.",
    404: "There is no such thing, or it is not the caller's.",
    409: "The state of the thing does not allow it.",
    413: "The body is too large.",
    415: "The body's media type is not one that the route takes.",
    422: "The statement cannot be taken, and `details` lists the rows; or the Idempotency-Key came with another body.",
    429: "The budget is used up.",
    500: "Something failed on our side.",
    503: "Something that is needed cannot be reached.",
    504: "The answer took too long.",
}


def _error_response(status: int, text: str) -> Json:
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": text, "headers": headers, "content": content}


ERROR_RESPONSES: Json = {str(status): _error_response(status, text) for status, text in STATUSES.items()}


def describe(service: ServiceDescriptor, comments: Comments, schemas: Schemas) -> list[tuple[str, str, Json]]:
    """(path, verb, operation) of every binding of a service."""
    return [
        (path, verb, _operation(method, verb, rule, comments, schemas))
        for method in service.methods
        for rule in _rules(method)
        for verb, path in [_binding(rule)]
    ]


def _rules(method: MethodDescriptor) -> Iterator[http_pb2.HttpRule]:
    options = method.GetOptions()
    if options.HasExtension(annotations_pb2.http):
        rule = options.Extensions[annotations_pb2.http]
        yield rule
        yield from rule.additional_bindings


def _binding(rule: http_pb2.HttpRule) -> tuple[str, str]:
    verb = rule.WhichOneof("pattern")
    if verb not in VERBS:
        raise ValueError(f"no OpenAPI verb for the binding {rule}")
    path = re.sub(r"{([a-z0-9_.]+)(=[^}]*)?}", lambda found: "{" + _camel(found.group(1)) + "}", getattr(rule, verb))
    return verb, path


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _operation(
    method: MethodDescriptor, verb: str, rule: http_pb2.HttpRule, comments: Comments, schemas: Schemas
) -> Json:
    text = comments.of(method.full_name)
    bound = frozenset(re.findall(r"{([a-z0-9_.]+)", getattr(rule, verb)))
    operation: Json = {
        "operationId": method.name[0].lower() + method.name[1:],
        "tags": [method.containing_service.name],
        "summary": text.partition(". ")[0].rstrip(".") + ".",
        "description": text,
        "parameters": _parameters(method.input_type, bound, in_body=bool(rule.body), schemas=schemas),
    }
    if policy.takes_key(method):
        operation["parameters"].append({"$ref": "#/components/parameters/Idempotency-Key"})
    if body := _body(method, rule, bound, schemas):
        operation["requestBody"] = body
    operation["responses"] = _responses(method, rule, schemas, has_body=bool(rule.body), has_path=bool(bound))
    operation["security"] = _security(method)
    return operation


def _parameters(message: Descriptor, bound: frozenset[str], *, in_body: bool, schemas: Schemas) -> list[Json]:
    parameters = []
    for field in message.fields:
        if field.name not in bound and in_body:
            continue
        schema = schemas.field(field, request=True)
        place = "path" if field.name in bound else "query"
        parameter = {"name": field.json_name, "in": place, "required": place == "path", "schema": schema}
        if text := schema.pop("description", ""):
            parameter["description"] = text
        parameters.append(parameter)
    return parameters


def _body(method: MethodDescriptor, rule: http_pb2.HttpRule, bound: frozenset[str], schemas: Schemas) -> Json | None:
    if not rule.body:
        return None
    options = method.GetOptions()
    if options.HasExtension(options_pb2.multipart):
        form = message_of(method.input_type, options.Extensions[options_pb2.multipart].form)
        return {"required": True, "content": {"multipart/form-data": {"schema": _form(form, options, schemas)}}}
    if rule.body == "*":
        schema = schemas.object(method.input_type, request=True, without=bound)
    else:
        schema = schemas.of(message_of(method.input_type, rule.body), request=True)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _form(form: Descriptor, options: Any, schemas: Schemas) -> Json:
    file_name = options.Extensions[options_pb2.multipart].file_name
    file = {"type": "string", "contentMediaType": "application/octet-stream", "description": "The statement."}
    fields = {field.json_name: schemas.field(field, request=True) for field in form.fields if field.name != file_name}
    return {"type": "object", "properties": {"file": file, **fields}, "required": ["file"]}


def _responses(
    method: MethodDescriptor, rule: http_pb2.HttpRule, schemas: Schemas, *, has_body: bool, has_path: bool
) -> Json:
    success = method.GetOptions().Extensions[options_pb2.success]
    output = method.output_type
    if rule.response_body:
        output = message_of(output, rule.response_body)
    properties: Json = {"success": {"const": True}, "data": schemas.of(output, request=False)}
    if success.message:
        properties["message"] = {"const": success.message}
    envelope = {"type": "object", "required": list(properties), "properties": properties}
    names = [name for name in HEADERS if name not in SPECIAL_HEADERS]
    names += ["Idempotency-Replayed"] if policy.takes_key(method) else []
    headers: Json = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if success.location:
        headers["Location"] = {"description": "Where the thing is.", "schema": {"type": "string"}}
    answer = {"description": "Success.", "headers": headers, "content": {"application/json": {"schema": envelope}}}
    statuses = {400, 401, 403, 429, 500, 503, 504}
    statuses |= {413, 415} if has_body else set()
    statuses |= {404, 409} if has_path else set()
    statuses |= {422} if method.GetOptions().HasExtension(options_pb2.multipart) else set()
    statuses |= {409, 422} if policy.takes_key(method) else set()
    refused = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
    return {str(success.status or 200): answer, **refused}


def _security(method: MethodDescriptor) -> list[Json]:
    caller = method.GetOptions().Extensions[options_pb2.access].caller
    if caller == options_pb2.CALLER_USER:
        return [{"user": []}]
    return [{"institution": []}] if caller == options_pb2.CALLER_INSTITUTION else []
