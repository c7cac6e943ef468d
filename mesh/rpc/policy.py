"""What the contracts say about each method, read from descriptors. There is no second list anywhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from credpass.mesh.v1 import options_pb2
from google.protobuf import descriptor, descriptor_pb2, descriptor_pool

_IDEMPOTENT = (descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS, descriptor_pb2.MethodOptions.IDEMPOTENT)


class PolicyError(Exception):
    """A contract does not say what it must; the message names the method. No server starts over it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """Who may call a method. `caller`: a value of credpass.mesh.v1.Caller; the rest as AccessPolicy says."""

    caller: options_pb2.Caller.ValueType
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class MethodPolicy:
    """What a contract says about a method.

    `name`: "credpass.auth.v1.AuthService/Login". `audit`: eventType of the record that every outcome leaves, empty for
    none. `batch`: name of the batch twin in the same service, empty for none. `success.status` 0 means 200. `multipart`
    is None where no form becomes the request. `idempotent`: the call may be made again after a failure. `takes_key`: a
    caller may send an idempotency key.
    """

    name: str
    access: Access
    rate: options_pb2.RateClass.ValueType
    audit: str
    success: options_pb2.Success
    batch: str
    multipart: options_pb2.Multipart | None
    idempotent: bool
    takes_key: bool
    client_streaming: bool
    server_streaming: bool
    method: descriptor.MethodDescriptor

    @property
    def path(self) -> str:
        """As it stands in a request line: "/credpass.auth.v1.AuthService/Login"."""
        return f"/{self.name}"


def of(method: descriptor.MethodDescriptor) -> MethodPolicy:
    """The policy of a method.

    Raises:
        PolicyError: it does not say who may call it, names a batch twin that does not fit, or streams both ways without
            being a conversation between services (`mesh.rpc.conversations`).
    """
    options = method.GetOptions()
    extensions = options.Extensions
    has_multipart = options.HasExtension(options_pb2.multipart)
    access = _access(method, options)
    _check_conversation(method, access)
    return MethodPolicy(
        name=name_of(method),
        access=access,
        rate=extensions[options_pb2.rate],
        audit=extensions[options_pb2.audit],
        success=extensions[options_pb2.success],
        batch=_batch(method, extensions[options_pb2.batch]),
        multipart=extensions[options_pb2.multipart] if has_multipart else None,
        idempotent=is_idempotent(method),
        takes_key=_takes_key(method, options),
        client_streaming=method.client_streaming,
        server_streaming=method.server_streaming,
        method=method,
    )


def of_services(names: Iterable[str]) -> dict[str, MethodPolicy]:
    """The policies of every method of these services (full names), by request path.

    Raises:
        PolicyError: a service is unknown (its stubs are not imported) or a method says too little.
    """
    policies = (of(method) for name in names for method in service_descriptor(name).methods)
    return {policy.path: policy for policy in policies}


def service_descriptor(name: str) -> descriptor.ServiceDescriptor:
    """The contract of a service by its full name.

    Raises:
        PolicyError: no stubs of it are imported.
    """
    try:
        return descriptor_pool.Default().FindServiceByName(name)
    except KeyError:
        raise PolicyError(f"{name}: no such service among the imported contracts") from None


def name_of(method: descriptor.MethodDescriptor) -> str:
    """A method's full name, with a slash before its last part."""
    assert method.containing_service is not None
    return f"{method.containing_service.full_name}/{method.name}"


def is_idempotent(method: descriptor.MethodDescriptor) -> bool:
    """Whether the contract says that calling twice does no more than calling once."""
    return method.GetOptions().idempotency_level in _IDEMPOTENT


def _access(method: descriptor.MethodDescriptor, options: descriptor_pb2.MethodOptions) -> Access:
    said = options.Extensions[options_pb2.access]
    if said.caller == options_pb2.CALLER_UNSPECIFIED:
        raise PolicyError(f"{name_of(method)}: the contract does not say who may call it")
    if said.caller == options_pb2.CALLER_SERVICE and not said.peers:
        raise PolicyError(f"{name_of(method)}: the contract names no service that may call it")
    return Access(said.caller, frozenset(said.roles), frozenset(said.scopes), frozenset(said.peers))


def _check_conversation(method: descriptor.MethodDescriptor, access: Access) -> None:
    """On a stream that carries many callers' requests no principal travels, and a deadline only in the request."""
    if not (method.client_streaming and method.server_streaming):
        return
    if access.caller != options_pb2.CALLER_SERVICE:
        raise PolicyError(f"{name_of(method)}: a method that streams both ways admits services only")
    timeout = method.input_type.fields_by_name.get("timeout_ms")
    if timeout is None or timeout.type != timeout.TYPE_UINT32 or timeout.is_repeated:
        raise PolicyError(f"{name_of(method)}: requests on a stream that goes both ways need one uint32 timeout_ms")


def takes_key(method: descriptor.MethodDescriptor) -> bool:
    """Whether the contract says that a caller may send an idempotency key."""
    return method.GetOptions().Extensions[options_pb2.idempotency_key]


def _takes_key(method: descriptor.MethodDescriptor, options: descriptor_pb2.MethodOptions) -> bool:
    if not takes_key(method):
        return False
    caller = options.Extensions[options_pb2.access].caller
    if caller == options_pb2.CALLER_SERVICE or method.server_streaming:
        raise PolicyError(f"{name_of(method)}: only an outside caller's call with one answer takes an idempotency key")
    is_form = options.HasExtension(options_pb2.multipart) and caller != options_pb2.CALLER_PUBLIC
    if method.client_streaming and not is_form:
        raise PolicyError(f"{name_of(method)}: of streams, only the form of a known caller takes an idempotency key")
    return True


def _batch(method: descriptor.MethodDescriptor, twin_name: str) -> str:
    if not twin_name:
        return ""
    assert method.containing_service is not None
    twin = method.containing_service.methods_by_name.get(twin_name)
    if twin is None:
        raise PolicyError(f"{name_of(method)}: there is no method {twin_name} to batch into")
    if "items" not in twin.input_type.fields_by_name or "results" not in twin.output_type.fields_by_name:
        raise PolicyError(f"{name_of(twin)}: a batch twin has the fields items and results")
    return twin_name
