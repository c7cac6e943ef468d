from __future__ import annotations

import pytest
from credpass.mesh.v1 import options_pb2 as options

from mesh import errors
from mesh.rpc.context import InstitutionPrincipal, Principal, UserPrincipal
from mesh.rpc.interceptors.access import check, check_principal
from mesh.rpc.policy import Access

ADMIN, PLAIN = UserPrincipal("user_1", "admin"), UserPrincipal("user_2", "user")
KEY = InstitutionPrincipal("inst_1", "key_1", ("verify",))
BOTH = InstitutionPrincipal("inst_1", "key_1", ("verify", "manage"))
ADMINS = Access(options.CALLER_USER, roles=frozenset({"admin", "owner"}))
MANAGERS = Access(options.CALLER_INSTITUTION, scopes=frozenset({"verify", "manage"}))


@pytest.mark.parametrize(
    ("access", "principal", "refusal"),
    [
        (Access(options.CALLER_PUBLIC), None, None),
        (Access(options.CALLER_PUBLIC), KEY, None),
        (ADMINS, ADMIN, None),
        (ADMINS, PLAIN, errors.PermissionDenied),
        (ADMINS, BOTH, errors.PermissionDenied),
        (ADMINS, None, errors.Unauthenticated),
        (MANAGERS, BOTH, None),
        (MANAGERS, KEY, errors.PermissionDenied),
        (MANAGERS, ADMIN, errors.PermissionDenied),
        (MANAGERS, None, errors.Unauthenticated),
        (Access(options.CALLER_UNSPECIFIED), ADMIN, errors.PermissionDenied),
    ],
)
def test_outside_callers_are_admitted_as_the_contract_says(
    access: Access, principal: Principal | None, refusal: type[errors.ServiceError] | None
) -> None:
    if refusal is None:
        check(access, "gateway", principal)
        check_principal(access, principal)
        return
    with pytest.raises(refusal):
        check(access, "gateway", principal)
    with pytest.raises(refusal):
        check_principal(access, principal)


@pytest.mark.parametrize("peer", ["gateway", "auth", "operator", ""])
def test_service_methods_admit_named_peers_only(peer: str) -> None:
    access = Access(options.CALLER_SERVICE, peers=frozenset({"auth"}))
    if peer == "auth":
        check(access, peer, None)
    else:
        with pytest.raises(errors.PermissionDenied):
            check(access, peer, ADMIN)
    with pytest.raises(errors.PermissionDenied):
        check_principal(access, ADMIN)


@pytest.mark.parametrize("caller", [options.CALLER_PUBLIC, options.CALLER_USER, options.CALLER_INSTITUTION])
def test_services_cannot_pose_as_outside_callers(caller: options.Caller.ValueType) -> None:
    with pytest.raises(errors.PermissionDenied):
        check(Access(caller), "verification", ADMIN)
