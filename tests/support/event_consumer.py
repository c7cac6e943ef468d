"""A process that a test kills or stops: a member of a group that polls and says what it got.

It commits nothing, or with the word `commit` all of it at the first line on standard input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mesh import events
from mesh.events import port
from tests.support import clocks
from tests.support.events_for_tests import number_of


async def main(url: str, folder: Path, group: str, topic: str, *, commits: bool) -> None:
    log = await events.open_events(url, folder, clocks.HandClock())
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.readline)) if commits else None
    taken: list[port.Record] = []
    async with log.consumer(group, [topic]) as consumer:
        while True:
            records = await consumer.poll(100, 1.0)
            taken += records
            for record in records:
                say(str(number_of(record)))
            if told is not None and told.done():
                await consumer.commit(taken)
                say("committed")
                told = None


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4], commits=sys.argv[5:] == ["commit"]))
