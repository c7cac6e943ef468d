"""Answers and errors as outside clients see them (design section 3)."""

from __future__ import annotations

import re
from typing import Any

import orjson

from mesh import errors

SUCCESS_HEAD = b'{"success":true,"data":'
SUCCESS_TAIL = b"}"


def success(data: bytes, message: bytes = b"") -> bytes:
    """The envelope of a success around data that is JSON already. `message` is a JSON string or empty."""
    if not message:
        return SUCCESS_HEAD + data + SUCCESS_TAIL
    return SUCCESS_HEAD + data + b',"message":' + message + SUCCESS_TAIL


def failure(error: errors.ServiceError, request_id: str) -> bytes:
    """The envelope of an error. Field paths are shown by their JSON names."""
    body: dict[str, Any] = {"code": error.reason, "message": error.text, "details": []}
    for violation in error.violations:
        body["details"].append({"field": json_path(violation.field), "message": violation.message})
    return orjson.dumps({"success": False, "error": body, "requestId": request_id})


def json_path(path: str) -> str:
    """`profile.first_name` as clients know it: `profile.firstName`."""
    return re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda found: found.group(1).upper(), path)
