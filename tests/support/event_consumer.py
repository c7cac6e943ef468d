"""A process that a test kills: a member of a group that polls, says what it got, and commits nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mesh import events
from tests.support import clocks
from tests.support.events_for_tests import number_of


async def main(url: str, folder: Path, group: str, topic: str) -> None:
    log = await events.open_events(url, folder, clocks.HandClock())
    async with log.consumer(group, [topic]) as consumer:
        while True:
            for record in await consumer.poll(100, 1.0):
                sys.stdout.write(f"{number_of(record)}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
