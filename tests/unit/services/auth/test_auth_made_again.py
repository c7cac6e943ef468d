"""Calls that are made again with their idempotency key after a crash between effect and answer."""

from __future__ import annotations

from credpass.auth.v1 import institution_service_pb2 as pb

from mesh import ids
from mesh.documents import port
from mesh.rpc import idempotency
from tests.support.auth_world import AuthWorld


async def test_institution_registered_again_by_the_same_call_is_the_same_with_the_same_key(world: AuthWorld) -> None:
    idempotency.set_effects(ids.Effects("seed"))
    request = pb.RegisterInstitutionRequest(name="A Bank", type="bank", email="bank@example.com")
    first = await world.call("InstitutionService/RegisterInstitution", request)
    world.clock.move(seconds=30)
    again = await world.call("InstitutionService/RegisterInstitution", request)
    assert again == first
    assert await world.backends.documents.count("api_keys", port.Query()) == 1
    assert await world.backends.documents.count("mail_outbox", port.Query()) == 1


async def test_without_a_key_each_registration_is_another(world: AuthWorld) -> None:
    request = pb.RegisterInstitutionRequest(name="A Bank", type="bank", email="bank@example.com")
    first = await world.call("InstitutionService/RegisterInstitution", request)
    assert (await world.call("InstitutionService/RegisterInstitution", request)).api_key != first.api_key
