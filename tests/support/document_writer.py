"""A process that a test kills: it writes numbered documents, each with its event, and says which are acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mesh import documents
from mesh.documents import port
from tests.support import clocks
from tests.support.events_for_tests import event

WRITERS = 8


async def main(url: str, folder: Path) -> None:
    store = await documents.open_documents(url, folder, clocks.HandClock())
    await store.ensure(port.Collection("things"))

    async def write(writer: int) -> None:
        for number in range(writer, 1_000_000, WRITERS):
            await store.insert("things", f"thing_{number}", {"number": number}, event(number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
