"""A process with a pool of one worker, whose pid it prints; it waits to be killed."""

from __future__ import annotations

import asyncio

from mesh import processes


async def main() -> None:
    async with processes.Pool(processes.Limits(workers=1)) as pool:
        pid = await pool.call("tests.support.process_work:who", {}, processes.nothing(), limit_bytes=100)
        print(pid.decode(), flush=True)  # noqa: T201 - the test reads it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
