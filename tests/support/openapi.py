"""The served description of the REST surface, as tests walk it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from typing import Any

FILE = pathlib.Path(__file__).resolve().parents[2] / "generated" / "openapi" / "credpass.json"
PREFIX = "/api/v1"
JSON = "application/json"


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation. `path` is below the prefix, with its variables in braces; `caller`: public, user, institution."""

    name: str
    method: str
    path: str
    caller: str
    body: str

    def url(self, **ids: str) -> str:
        """The path with ids in the place of its variables; those not given name nothing that exists."""
        return re.sub(r"{(\w+)}", lambda found: ids.get(found.group(1), "none_0"), self.path)

    @property
    def variables(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def __str__(self) -> str:
        return self.name


def document() -> dict[str, Any]:
    """The document as it is committed; a test makes sure that it is the served one."""
    parsed: dict[str, Any] = json.loads(FILE.read_text())
    return parsed


def operations() -> list[Operation]:
    """Every operation."""
    return [
        _operation(method, path, said)
        for path, methods in document()["paths"].items()
        for method, said in methods.items()
    ]


def _operation(method: str, path: str, said: dict[str, Any]) -> Operation:
    (caller,) = said["security"][0] if said["security"] else ("public",)
    (body,) = said["requestBody"]["content"] if "requestBody" in said else ("",)
    return Operation(said["operationId"], method.upper(), path.removeprefix(PREFIX), caller, body)
