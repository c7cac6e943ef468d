from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.credential_world import CredentialWorld, credential_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CredentialWorld]:
    async with credential_world(tmp_path) as made:
        yield made
