from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh import clock, documents
from mesh.documents import port


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[port.Documents]:
    opened = await documents.open_documents("sqlite:test.db", tmp_path, clock.SystemClock())
    yield opened
    await opened.close()
