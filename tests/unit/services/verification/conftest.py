from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.verification_world import VerificationWorld, verification_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[VerificationWorld]:
    async with verification_world(tmp_path) as made:
        yield made
