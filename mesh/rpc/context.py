"""What is known about the call under way: who asks, which request caused it, when it must be over.

A context variable holds it, so that servicers, repositories, logs and outgoing calls need not hand it around.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import time
from collections.abc import Iterator
from typing import TypeAlias

from credpass.mesh.v1 import call_context_pb2
from google.protobuf import message as protobuf

from mesh import errors, ids

METADATA_KEY = "x-credpass-context-bin"
TRACE_KEY = "traceparent"
USER_AGENT_LIMIT = 256
# Longest id, address or trace header that is believed from outside.
TEXT_LIMIT = 128


@dataclasses.dataclass(frozen=True, slots=True)
class UserPrincipal:
    """A logged-in user. `session_id`: the refresh family that the access token belongs to."""

    user_id: str
    role: str = "user"
    session_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class InstitutionPrincipal:
    """An institution that showed an API key. `test`: the key verifies documented test tokens only."""

    institution_id: str
    key_id: str = ""
    scopes: tuple[str, ...] = ()
    test: bool = False


Principal: TypeAlias = UserPrincipal | InstitutionPrincipal


@dataclasses.dataclass(frozen=True, slots=True)
class CallInfo:
    """A call, an event being handled, or a run of a job.

    `service`: the service at work. `method`: full name such as "credpass.auth.v1.AuthService/Login". `peer`: the
    service whose certificate the caller showed, empty outside a call. `principal`: who the outside caller is, as the
    gateway says. `deadline`: on the scale of `time.monotonic()`, None without one. `traceparent`: W3C Trace Context.
    `notes`: what `annotate` collects for the audit trail; None where the method leaves none.
    """

    service: str
    method: str
    peer: str = ""
    request_id: str = ""
    correlation_id: str = ""
    principal: Principal | None = None
    client_address: str = ""
    user_agent: str = ""
    deadline: float | None = None
    traceparent: str = ""
    notes: dict[str, str] | None = None


_OUTSIDE = CallInfo(service="", method="")
_current: contextvars.ContextVar[CallInfo] = contextvars.ContextVar("credpass_call", default=_OUTSIDE)


def current() -> CallInfo:
    """The call under way; one with empty parts outside of any."""
    return _current.get()


def correlation_id() -> str:
    """The id that ties together all that one outside request causes; a fresh one outside of any call."""
    return _current.get().correlation_id or ids.new_id("corr")


def user() -> UserPrincipal:
    """The user who asks.

    Raises:
        errors.Unauthenticated: nobody is known to ask.
        errors.PermissionDenied: an institution asks.
    """
    principal = _current.get().principal
    if isinstance(principal, UserPrincipal):
        return principal
    raise errors.PermissionDenied if principal else errors.Unauthenticated


def institution() -> InstitutionPrincipal:
    """The institution that asks.

    Raises:
        errors.Unauthenticated: nobody is known to ask.
        errors.PermissionDenied: a user asks.
    """
    principal = _current.get().principal
    if isinstance(principal, InstitutionPrincipal):
        return principal
    raise errors.PermissionDenied if principal else errors.Unauthenticated


def remaining_s() -> float | None:
    """Seconds until the deadline of the call under way, below zero when it has passed; None without one."""
    deadline = _current.get().deadline
    return None if deadline is None else deadline - time.monotonic()


def annotate(*, resource_type: str = "", resource_id: str = "", actor_id: str = "", actor_type: str = "") -> None:
    """Name the resource (and, where the principal does not say it, the actor) in the audit record of this call.

    The last word on each part wins. Harmless where the method leaves no record.
    """
    notes = _current.get().notes
    if notes is None:
        return
    parts = {
        "resource_type": resource_type,
        "resource_id": resource_id,
        "actor_id": actor_id,
        "actor_type": actor_type or ("user" if actor_id else ""),
    }
    notes.update({name: value for name, value in parts.items() if value})


def set_current(info: CallInfo) -> contextvars.Token[CallInfo]:
    """Make `info` the call under way in this task. `bind` is the safer way; this is for the server's hot path."""
    return _current.set(info)


@contextlib.contextmanager
def bind(info: CallInfo) -> Iterator[CallInfo]:
    """Make `info` the call under way for the block: the gateway before it calls a service."""
    token = _current.set(info)
    try:
        yield info
    finally:
        _current.reset(token)


@contextlib.contextmanager
def bind_event(correlation_id: str, *, service: str = "", method: str = "") -> Iterator[CallInfo]:
    """The block handles an event: calls, events and log lines in it carry the event's correlation id.

    `method`: what handles it, such as the group's name; it shows in logs.
    """
    info = CallInfo(service=service or _current.get().service, method=method, correlation_id=correlation_id)
    with bind(info):
        yield info


@contextlib.contextmanager
def bind_job(service: str, name: str) -> Iterator[CallInfo]:
    """The block is one run of a periodic job, with a correlation id of its own."""
    with bind(CallInfo(service=service, method=name, correlation_id=ids.new_id("corr"))) as info:
        yield info


def encode(info: CallInfo, *, with_principal: bool) -> bytes:
    """The context as it travels. Only the gateway's principal is believed, so nobody else sends one."""
    message = call_context_pb2.CallContext(
        request_id=info.request_id,
        correlation_id=info.correlation_id,
        client_address=info.client_address,
        user_agent=info.user_agent[:USER_AGENT_LIMIT],
    )
    if with_principal and info.principal is not None:
        message.principal.CopyFrom(_principal_message(info.principal))
    return message.SerializeToString()


def _principal_message(principal: Principal) -> call_context_pb2.Principal:
    message = call_context_pb2.Principal()
    if isinstance(principal, UserPrincipal):
        message.user.user_id = principal.user_id
        message.user.role = principal.role
        message.user.session_id = principal.session_id
    else:
        message.institution.institution_id = principal.institution_id
        message.institution.key_id = principal.key_id
        message.institution.scopes.extend(principal.scopes)
        message.institution.test = principal.test
    return message


def decode(data: bytes) -> call_context_pb2.CallContext:
    """The context as it came.

    Raises:
        errors.InvalidArgument: the bytes are no context.
    """
    try:
        return call_context_pb2.CallContext.FromString(data)
    except (protobuf.DecodeError, ValueError):
        raise errors.InvalidArgument("The call's context cannot be read.") from None


def principal_of(message: call_context_pb2.CallContext) -> Principal | None:
    """The principal that a context names."""
    match message.principal.WhichOneof("subject"):
        case "user":
            user = message.principal.user
            return UserPrincipal(user.user_id, user.role, user.session_id)
        case "institution":
            found = message.principal.institution
            return InstitutionPrincipal(found.institution_id, found.key_id, tuple(found.scopes), found.test)
        case _:
            return None
