"""Who may call, as the contract says; and the principal, believed from the gateway only."""

from __future__ import annotations

from credpass.mesh.v1 import options_pb2

from mesh import errors
from mesh.rpc import context
from mesh.rpc.call import Call, Handler, Interceptor, Surroundings
from mesh.rpc.policy import Access as AccessPolicy
from mesh.rpc.policy import MethodPolicy

GATEWAY = "gateway"


class Access(Interceptor):
    """Refuses whoever the contract does not admit, before anything is said about what exists."""

    def __init__(self, surroundings: Surroundings, policy: MethodPolicy, handler: Handler) -> None:
        super().__init__(surroundings, policy, handler)
        self._access = policy.access

    def before(self, call: Call) -> None:
        if call.peer == GATEWAY:
            call.principal = call.told_principal
        check(self._access, call.peer, call.principal)


def check(access: AccessPolicy, peer: str, principal: context.Principal | None) -> None:
    """Let an admitted caller pass.

    Raises:
        errors.Unauthenticated: an outside caller showed no credentials where some are needed.
        errors.PermissionDenied: this caller is not admitted.
    """
    if access.caller == options_pb2.CALLER_SERVICE:
        if peer not in access.peers:
            raise errors.PermissionDenied
        return
    if peer != GATEWAY:
        raise errors.PermissionDenied
    check_principal(access, principal)


def check_principal(access: AccessPolicy, principal: context.Principal | None) -> None:
    """The same for the outside caller alone: the gateway asks this before it sends anything.

    Raises:
        errors.Unauthenticated: no credentials were shown where some are needed.
        errors.PermissionDenied: this caller is not admitted; services' methods admit no outside caller.
    """
    if access.caller == options_pb2.CALLER_PUBLIC:
        return
    if access.caller not in (options_pb2.CALLER_USER, options_pb2.CALLER_INSTITUTION):
        raise errors.PermissionDenied
    if principal is None:
        raise errors.Unauthenticated
    if not _fits(access, principal):
        raise errors.PermissionDenied


def _fits(access: AccessPolicy, principal: context.Principal) -> bool:
    if isinstance(principal, context.UserPrincipal):
        return access.caller == options_pb2.CALLER_USER and (not access.roles or principal.role in access.roles)
    return access.caller == options_pb2.CALLER_INSTITUTION and access.scopes.issubset(principal.scopes)
