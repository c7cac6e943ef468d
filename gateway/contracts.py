"""The contracts that the gateway serves: every generated service, found by looking, not by a list."""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Iterator

import credpass
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor


def files() -> Iterator[FileDescriptor]:
    """Descriptors of every generated file, sorted by path; each once, even if several folders of the path hold it."""
    roots = [pathlib.Path(folder) for folder in credpass.__path__]
    paths = {path.relative_to(root.parent) for root in roots for path in root.rglob("*_pb2.py")}
    for path in sorted(paths):
        yield importlib.import_module(".".join(path.with_suffix("").parts)).DESCRIPTOR


def services() -> list[ServiceDescriptor]:
    """Every service, sorted by its file."""
    return [service for file in files() for service in file.services_by_name.values()]


def error_statuses() -> dict[tuple[str, str], int]:
    """HTTP status by (domain, reason), for the reasons whose contract names one."""
    from credpass.mesh.v1 import options_pb2

    statuses = {}
    for file in files():
        reasons = file.enum_types_by_name.get("ErrorReason")
        for value in reasons.values if reasons else ():
            status = value.GetOptions().Extensions[options_pb2.http_status]
            if status:
                statuses[file.package, value.name.removeprefix("ERROR_REASON_")] = status
    return statuses
