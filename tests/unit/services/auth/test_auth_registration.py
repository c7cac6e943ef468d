"""Registering and confirming an e-mail, without telling who has an account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.auth_world import AuthWorld, auth_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AuthWorld]:
    async with auth_world(tmp_path) as opened:
        yield opened


async def test_a_verified_user_logs_in(world: AuthWorld) -> None:
    user_id = await world.register()
    await world.verify()
    user = await world.log_in()
    assert user.user_id == user_id
