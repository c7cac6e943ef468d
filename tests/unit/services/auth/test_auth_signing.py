"""Signing keys: made once, sealed, rotated without a gap."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import jwt
from credpass.auth.v1 import auth_service_pb2

from mesh.documents import port
from services.auth.adapters import signing as adapters
from services.auth.domain import signing
from services.auth.usecases import keys
from tests.support.auth_world import AuthWorld, over


async def listed(world: AuthWorld) -> list[Any]:
    answer = await world.call("AuthService/ListSigningKeys", auth_service_pb2.ListSigningKeysRequest())
    return list(answer.keys)


def kid(access_token: str) -> str:
    return str(jwt.get_unverified_header(access_token)["kid"])


async def test_several_processes_sign_with_one_key(world: AuthWorld) -> None:
    async with over(world.backends.documents, world.folder, world.clock) as other:
        assert await listed(other) == await listed(world)
        assert len(await listed(world)) == 1


async def test_a_key_made_by_many_at_once_is_made_once(world: AuthWorld) -> None:
    stores = [
        adapters.DocumentSigningKeys(world.backends.documents, world.backends.vault, world.clock) for _ in range(8)
    ]
    later = world.clock.now() + signing.OVERLAP
    await asyncio.gather(*(store.add(2, later) for store in stores))
    found = [await store.all() for store in stores]
    assert all(keys_ == found[0] for keys_ in found)
    assert len(found[0]) == 2


async def test_the_private_half_is_sealed(world: AuthWorld) -> None:
    await listed(world)
    (document,) = await world.backends.documents.find("signing_keys", port.Query(order="generation"))
    assert {"kid", "generation", "x", "y", "sealed", "createdAt", "usableFrom"} == document.data.keys()
    assert b"PRIVATE KEY" not in world.files()


async def test_a_key_is_published_before_it_signs_and_after_it_has_signed(world: AuthWorld) -> None:
    user = await world.user()
    (first,) = await listed(world)
    world.clock.move(days=90)
    await world.run_job("rotate-signing-keys")
    assert kid((await world.log_in()).access_token) == first.kid  # the edge may not know the new one yet
    assert [key.kid == first.kid for key in await listed(world)] == [True, False]

    world.clock.move(hours=1)
    second_kid = kid((await world.log_in()).access_token)
    assert second_kid != first.kid
    await world.run_job("rotate-signing-keys")
    assert [key.kid for key in await listed(world)] == [second_kid, first.kid]

    world.clock.move(hours=1)
    await world.run_job("rotate-signing-keys")
    assert [key.kid for key in await listed(world)] == [second_kid]
    assert user.user_id


async def test_rotation_waits_for_its_period(world: AuthWorld) -> None:
    world.clock.move(days=89)
    await world.run_job("rotate-signing-keys")
    assert len(await listed(world)) == 1


async def test_rotations_by_several_processes_make_one_key(world: AuthWorld) -> None:
    world.clock.move(days=90)
    stores = [
        adapters.DocumentSigningKeys(world.backends.documents, world.backends.vault, world.clock) for _ in range(4)
    ]
    rotations = [keys.RotateSigningKeys(store, world.clock, timedelta(days=90)) for store in stores]
    await asyncio.gather(*(rotate() for rotate in rotations))
    assert len(await world.backends.documents.find("signing_keys", port.Query(order="generation"))) == 2
