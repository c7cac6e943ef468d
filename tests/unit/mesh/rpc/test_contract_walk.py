"""What every contract of the tree must say, and that every reason it names can be rebuilt."""

from __future__ import annotations

import importlib
import pathlib

import pytest
from credpass.mesh.v1 import error_reason_pb2, options_pb2
from google.protobuf import descriptor, descriptor_pool

from mesh import errors
from mesh.events import topics
from mesh.rpc import policy

ROOT = pathlib.Path(__file__).resolve().parents[4]
PROTOS = ROOT / "protos"
AREAS = ("auth", "ingestion", "analysis", "credential", "verification", "audit")
# The gateway's own reasons: no call inside the mesh gives them, so no process rebuilds them from a status.
EDGE_REASONS = {"MALFORMED_JSON", "METHOD_NOT_ALLOWED", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}


def contracts() -> list[descriptor.FileDescriptor]:
    names = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    for name in names:
        importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    return [descriptor_pool.Default().FindFileByName(name) for name in names]


def services() -> list[descriptor.ServiceDescriptor]:
    return [service for file in contracts() for service in file.services_by_name.values()]


def reasons(area: str) -> set[str]:
    enum = descriptor_pool.Default().FindEnumTypeByName(f"credpass.{area}.v1.ErrorReason")
    names = {value.name.removeprefix("ERROR_REASON_") for value in enum.values}
    return names - {"UNSPECIFIED"}


@pytest.mark.parametrize("service", [service.full_name for service in services()])
def test_every_method_says_who_may_call_it(service: str) -> None:
    policies = policy.of_services([service])
    assert policies
    peers = {peer for each in policies.values() for peer in each.access.peers}
    assert peers <= {*AREAS, "gateway", "operator"}


@pytest.mark.parametrize("service", [service.full_name for service in services()])
def test_every_method_an_outside_client_reaches_has_a_budget(service: str) -> None:
    for each in policy.of_services([service]).values():
        outside = each.access.caller != options_pb2.CALLER_SERVICE
        assert (each.rate != options_pb2.RATE_CLASS_UNSPECIFIED) is outside, each.name


def test_every_event_goes_to_a_topic_there_is() -> None:
    known = {topic.name for topic in topics.TOPICS}
    found = [
        message.GetOptions().Extensions[options_pb2.event]
        for file in contracts()
        for message in file.message_types_by_name.values()
        if message.GetOptions().HasExtension(options_pb2.event)
    ]
    assert {event.topic for event in found} <= known
    assert len({event.type for event in found}) == len(found)


def test_every_reason_of_the_mesh_has_an_error_class() -> None:
    assert error_reason_pb2.ErrorReason.keys()
    known = {reason for domain, reason in errors.ServiceError.registry if domain == errors.MESH_DOMAIN}
    assert reasons("mesh") - EDGE_REASONS <= known


@pytest.mark.parametrize("area", AREAS)
def test_every_reason_of_a_service_has_an_error_class_and_every_class_a_reason(area: str) -> None:
    contracts()
    for path in sorted((ROOT / "services" / area).rglob("*.py")):
        if path.name != "__main__.py":
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    domain = f"credpass.{area}.v1"
    known = {reason for claimed, reason in errors.ServiceError.registry if claimed == domain}
    assert reasons(area) == known
