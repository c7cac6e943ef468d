"""Contract -> routes: what each HTTP binding needs, compiled once at start."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

from credpass.mesh.v1 import options_pb2
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, message_factory
from google.protobuf import message as protobuf
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor

from gateway import contracts, transcoding
from mesh.rpc import channels, policy

# Fields without presence are always printed (design section 3).
OPTIONS = transcoding.Options(print_defaults=True)
OUTSIDE = (options_pb2.CALLER_PUBLIC, options_pb2.CALLER_USER, options_pb2.CALLER_INSTITUTION)


def outside_policy(method: MethodDescriptor) -> policy.MethodPolicy:
    """What the contract says about a method that has a route.

    Raises:
        mesh.rpc.policy.PolicyError: it admits no outside caller, or names no rate class.
    """
    said = policy.of(method)
    if said.access.caller not in OUTSIDE or not said.rate:
        raise policy.PolicyError(f"{said.name} has a route, but no outside caller or no rate class")
    return said


@functools.cache
def rate_class(rate: options_pb2.RateClass.ValueType) -> str:
    """The name of a budget in the settings: RATE_CLASS_READ -> read."""
    return options_pb2.RateClass.Name(rate).removeprefix("RATE_CLASS_").lower()


def takes_head(method: MethodDescriptor) -> bool:
    """Only a method without side effects does: asking for the head of a verification would use a link."""
    return bool(method.GetOptions().idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS)


def area_of(service: ServiceDescriptor) -> str:
    """The area of a contract, which is the name of the service that serves it: credpass.auth.v1 -> auth."""
    return str(service.file.package.split(".")[1])


def stub_of(links: channels.Channels, service: ServiceDescriptor) -> Any:
    """The generated stub of a service, on the mesh's channel to it."""
    module = importlib.import_module(service.file.name.removesuffix(".proto").replace("/", ".") + "_pb2_grpc")
    return links.stub(getattr(module, f"{service.name}Stub"), area_of(service))


def message_class(descriptor: Descriptor | None) -> type[protobuf.Message]:
    """The class of a message."""
    if descriptor is None:
        raise ValueError("a field that a contract's option names holds no message")
    return message_factory.GetMessageClass(descriptor)


def outside_services(services: Sequence[ServiceDescriptor] | None = None) -> list[ServiceDescriptor]:
    """The services that have a route."""
    known = contracts.services() if services is None else services
    return [service for service in known if any(_has_route(method) for method in service.methods)]


def transcoder(services: Sequence[ServiceDescriptor]) -> transcoding.Transcoder:
    """The compiled routes."""
    return transcoding.Transcoder.from_services(services, OPTIONS)


def _has_route(method: MethodDescriptor) -> bool:
    return bool(method.GetOptions().HasExtension(annotations_pb2.http))
