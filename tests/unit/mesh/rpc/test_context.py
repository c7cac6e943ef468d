from __future__ import annotations

import asyncio
import time

import pytest
from credpass.mesh.v1 import call_context_pb2
from hypothesis import given
from hypothesis import strategies as st

from mesh import errors
from mesh.rpc import context
from mesh.rpc.context import CallInfo, InstitutionPrincipal, UserPrincipal

TEXT = st.text(max_size=20)
PRINCIPALS = st.one_of(
    st.none(),
    st.builds(UserPrincipal, TEXT, TEXT, TEXT),
    st.builds(InstitutionPrincipal, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), st.booleans()),
)


@given(PRINCIPALS)
def test_principal_crosses_the_wire_as_it_is(principal: context.Principal | None) -> None:
    info = CallInfo("gateway", "m", principal=principal)
    assert context.principal_of(context.decode(context.encode(info, with_principal=True))) == principal


def test_principal_is_left_out_unless_the_gateway_sends_it() -> None:
    info = CallInfo("auth", "m", correlation_id="corr_1", principal=UserPrincipal("user_1"))
    told = context.decode(context.encode(info, with_principal=False))
    assert context.principal_of(told) is None
    assert told.correlation_id == "corr_1"


def test_user_agent_is_cut() -> None:
    told = context.decode(context.encode(CallInfo("g", "m", user_agent="x" * 1000), with_principal=False))
    assert len(told.user_agent) == 256


def test_bytes_that_are_no_context_are_refused() -> None:
    with pytest.raises(errors.InvalidArgument):
        context.decode(b"\xff")


def test_helpers_give_the_right_kind_of_principal_or_refuse() -> None:
    with context.bind(CallInfo("s", "m", principal=UserPrincipal("user_1"))):
        assert context.user().user_id == "user_1"
        with pytest.raises(errors.PermissionDenied):
            context.institution()
    with context.bind(CallInfo("s", "m", principal=InstitutionPrincipal("inst_1"))):
        assert context.institution().institution_id == "inst_1"
        with pytest.raises(errors.PermissionDenied):
            context.user()
    for helper in (context.user, context.institution):
        with pytest.raises(errors.Unauthenticated):
            helper()


def test_annotations_belong_to_calls_that_keep_them() -> None:
    context.annotate(resource_id="x")
    notes: dict[str, str] = {}
    with context.bind(CallInfo("s", "m", notes=notes)):
        context.annotate(resource_type="credential", resource_id="cred_1")
        context.annotate(actor_id="user_1")
        context.annotate(resource_id="cred_2")
    assert notes == {
        "resource_type": "credential",
        "resource_id": "cred_2",
        "actor_id": "user_1",
        "actor_type": "user",
    }


async def test_events_and_jobs_have_a_correlation_id_in_all_their_tasks() -> None:
    async def seen() -> str:
        return context.correlation_id()

    with context.bind_event("corr_7", service="audit", method="audit-logger"):
        assert await asyncio.create_task(seen()) == "corr_7"
    with context.bind_job("audit", "prune"):
        first = await asyncio.create_task(seen())
        assert context.correlation_id() == first
    assert context.current().correlation_id == ""
    assert context.correlation_id() != context.correlation_id()


def test_remaining_time_is_told_and_none_without_a_deadline() -> None:
    assert context.remaining_s() is None
    with context.bind(CallInfo("s", "m", deadline=time.monotonic() - 1)):
        remaining_s = context.remaining_s()
        assert remaining_s is not None
        assert remaining_s < 0


def test_personal_parts_of_the_context_are_marked() -> None:
    fields = call_context_pb2.CallContext.DESCRIPTOR.fields_by_name
    assert fields["client_address"].GetOptions().debug_redact
    assert fields["user_agent"].GetOptions().debug_redact
