"""A process with a worker whose handler finishes nothing until it is told to.

Run as `python -m tests.support.held_back_worker URL FOLDER GROUP TOPIC`. Each line on standard input is answered by one
of JSON, how it stands; `go` lets the handler finish from then on, and the end of the input ends the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from mesh import events
from mesh.events import port, worker
from tests.support import clocks


class HeldBack:
    """The handler. `waiting`: events that it has begun and not finished; `done`: the numbers of those finished."""

    def __init__(self) -> None:
        self.waiting = 0
        self.done: set[int] = set()
        self.may_go = asyncio.Event()

    async def __call__(self, event: port.Event) -> None:
        self.waiting += 1
        await self.may_go.wait()
        self.waiting -= 1
        self.done.add(int(event.payload["number"]))

    def standing(self) -> dict[str, int]:
        """`resident_bytes`: memory of this process."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident_bytes = pages * os.sysconf("SC_PAGE_SIZE")
        return {"waiting": self.waiting, "done": len(self.done), "resident_bytes": resident_bytes}


async def main(url: str, folder: Path, group: str, topic: str) -> None:
    handler = HeldBack()
    log = await events.open_events(url, folder, clocks.HandClock())
    working = worker.Worker(log, worker.Subscription(group, (topic,), handler))
    run = asyncio.create_task(working.run())
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line == "go\n":
            handler.may_go.set()
        sys.stdout.write(f"{json.dumps(handler.standing())}\n")
        sys.stdout.flush()
    handler.may_go.set()
    working.stop()
    await run
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
