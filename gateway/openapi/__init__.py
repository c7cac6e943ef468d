"""The OpenAPI 3.1 document of the REST surface, made from the descriptors and the comments of the contracts."""

from __future__ import annotations

import pathlib
from typing import Any

import orjson
from google.protobuf import descriptor_pb2

from gateway import contracts
from gateway.openapi import comments, operations, schemas

DESCRIPTION = (
    "CredPass turns a person's bank statements into a trust score (0-1000) that explains itself and a "
    "privacy-preserving credential that an institution verifies without seeing a transaction."
)


def document(image: descriptor_pb2.FileDescriptorSet) -> dict[str, Any]:
    """The document. `image` carries the contracts' comments (protoc --include_source_info)."""
    words = comments.Comments(image)
    book = schemas.Schemas(words)
    paths: dict[str, Any] = {}
    tags = []
    for service in contracts.services():
        described = operations.describe(service, words, book)
        if described:
            tags.append({"name": service.name, "description": words.of(service.full_name)})
        for path, method, operation in described:
            paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "CredPass", "version": "1.0", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**operations.ENVELOPES, **dict(sorted(book.components.items()))},
            "responses": operations.ERROR_RESPONSES,
            "parameters": operations.PARAMETERS,
            "headers": operations.HEADERS,
            "securitySchemes": operations.SECURITY_SCHEMES,
        },
    }


def write(image_path: str, target: str) -> None:
    """Read the image and write the document, stable to the byte."""
    image = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(image_path).read_bytes())
    text = orjson.dumps(document(image), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    pathlib.Path(target).write_bytes(text)
