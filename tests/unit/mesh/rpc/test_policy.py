from __future__ import annotations

import pytest
from credpass.mesh.v1 import options_pb2
from google.protobuf import descriptor_pb2, descriptor_pool

import mesh.rpc.policy as policies
from mesh.rpc.policy import PolicyError


def service(
    method: descriptor_pb2.MethodDescriptorProto, *more: descriptor_pb2.MethodDescriptorProto
) -> descriptor_pool.DescriptorPool:
    """A contract with these methods; Both carries items and results, Timed a timeout_ms, Empty nothing."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    file.message_type.add(name="Empty")
    both = file.message_type.add(name="Both")
    for number, name in enumerate(("items", "results"), 1):
        both.field.add(name=name, number=number, type="TYPE_STRING", label="LABEL_REPEATED")
    for name, kind, label in (
        ("Timed", "TYPE_UINT32", "LABEL_OPTIONAL"),
        ("TimedInWords", "TYPE_STRING", "LABEL_OPTIONAL"),
        ("TimedTwice", "TYPE_UINT32", "LABEL_REPEATED"),
    ):
        file.message_type.add(name=name).field.add(name="timeout_ms", number=1, type=kind, label=label)
    file.service.add(name="S", method=[method, *more])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def method(name: str = "Do", message: str = ".t.Empty", **options: object) -> descriptor_pb2.MethodDescriptorProto:
    made = descriptor_pb2.MethodDescriptorProto(name=name, input_type=message, output_type=message)
    for key, value in options.items():
        extension = getattr(options_pb2, key)
        if isinstance(value, str):
            made.options.Extensions[extension] = value
        else:
            made.options.Extensions[extension].CopyFrom(value)
    return made


PUBLIC = options_pb2.AccessPolicy(caller=options_pb2.CALLER_PUBLIC)


def policy_of(pool: descriptor_pool.DescriptorPool, name: str = "Do") -> policies.MethodPolicy:
    return policies.of(pool.FindServiceByName("t.S").methods_by_name[name])


def test_method_that_does_not_say_who_may_call_it_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"t\.S/Do"):
        policy_of(service(method()))
    with pytest.raises(PolicyError, match=r"t\.S/Do"):
        policy_of(service(method(access=options_pb2.AccessPolicy())))


def test_service_method_that_names_no_peer_is_refused() -> None:
    with pytest.raises(PolicyError, match="names no service"):
        policy_of(service(method(access=options_pb2.AccessPolicy(caller=options_pb2.CALLER_SERVICE))))


def test_batch_twin_must_exist_and_carry_items_and_results() -> None:
    single = method(access=PUBLIC, batch="DoMany")
    with pytest.raises(PolicyError, match="DoMany"):
        policy_of(service(single))
    with pytest.raises(PolicyError, match="items and results"):
        policy_of(service(single, method("DoMany", access=PUBLIC)))
    assert policy_of(service(single, method("DoMany", ".t.Both", access=PUBLIC))).batch == "DoMany"


SERVICES = options_pb2.AccessPolicy(caller=options_pb2.CALLER_SERVICE, peers=["gateway"])


def conversation(message: str, access: options_pb2.AccessPolicy) -> descriptor_pool.DescriptorPool:
    made = method(message=message, access=access)
    made.client_streaming = made.server_streaming = True
    return service(made)


@pytest.mark.parametrize("message", [".t.Empty", ".t.TimedInWords", ".t.TimedTwice"])
def test_a_method_that_streams_both_ways_needs_a_deadline_in_its_requests(message: str) -> None:
    with pytest.raises(PolicyError, match=r"t\.S/Do.*timeout_ms"):
        policy_of(conversation(message, SERVICES))
    assert policy_of(conversation(".t.Timed", SERVICES)).server_streaming


@pytest.mark.parametrize("caller", [options_pb2.CALLER_PUBLIC, options_pb2.CALLER_USER, options_pb2.CALLER_INSTITUTION])
def test_a_method_that_streams_both_ways_admits_services_only(caller: options_pb2.Caller.ValueType) -> None:
    with pytest.raises(PolicyError, match=r"t\.S/Do.*services only"):
        policy_of(conversation(".t.Timed", options_pb2.AccessPolicy(caller=caller)))


def test_a_stream_in_one_direction_needs_no_deadline_in_its_requests() -> None:
    for way in ("client_streaming", "server_streaming"):
        made = method(access=PUBLIC)
        setattr(made, way, True)
        assert policy_of(service(made)).name == "t.S/Do"


def test_idempotency_is_read_from_the_contract() -> None:
    made = method(access=PUBLIC)
    assert not policy_of(service(made)).idempotent
    for level in (descriptor_pb2.MethodOptions.IDEMPOTENT, descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS):
        made.options.idempotency_level = level
        assert policy_of(service(made)).idempotent


def test_policy_carries_what_the_contract_says() -> None:
    access = options_pb2.AccessPolicy(caller=options_pb2.CALLER_INSTITUTION, scopes=["verify"], roles=["admin"])
    success = options_pb2.Success(status=201, message="Done.")
    multipart = options_pb2.Multipart(form="form", chunk="chunk")
    policy = policy_of(service(method(access=access, audit="t.did", success=success, multipart=multipart)))
    assert (policy.name, policy.path) == ("t.S/Do", "/t.S/Do")
    assert policy.access.scopes == frozenset({"verify"})
    assert policy.access.roles == frozenset({"admin"})
    assert (policy.audit, policy.success.status) == ("t.did", 201)
    assert policy.multipart == multipart
    assert policy_of(service(method(access=PUBLIC))).multipart is None


def test_service_whose_stubs_are_not_imported_is_named() -> None:
    with pytest.raises(PolicyError, match=r"credpass\.nowhere\.v1\.Service"):
        policies.of_services(["credpass.nowhere.v1.Service"])
