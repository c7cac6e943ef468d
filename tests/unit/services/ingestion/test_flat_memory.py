from __future__ import annotations

import asyncio
import pathlib
import resource

import pytest

from services.ingestion import errors, settings
from tests.support import clocks, statement_path

MIB = 1024 * 1024
STATM = pathlib.Path("/proc/self/statm")


def resident_bytes() -> int:
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


async def peak_bytes(stop: asyncio.Event) -> int:
    peak = 0
    while not stop.is_set():
        peak = max(peak, resident_bytes())
        await asyncio.sleep(0.005)
    return peak


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="the kernel does not say how much memory a process has")
async def test_a_file_of_100_megabytes_leaves_the_services_memory_flat(tmp_path: pathlib.Path) -> None:
    own = settings.Settings(workers=1, upload_limit_bytes=200 * MIB)
    async with statement_path.opened(tmp_path, clocks.HandClock(), own) as path:
        await path.stands_on.vault.create_subject(statement_path.USER)
        data = bytes(100 * MIB)
        before, stop = resident_bytes(), asyncio.Event()
        watching = asyncio.create_task(peak_bytes(stop))
        with pytest.raises(errors.UnreadableStatement):
            await path.upload(data)
        stop.set()
        assert await watching - before < 64 * MIB
