from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.auth_world import AuthWorld, auth_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AuthWorld]:
    async with auth_world(tmp_path) as opened:
        yield opened
