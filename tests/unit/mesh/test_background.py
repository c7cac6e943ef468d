from __future__ import annotations

import asyncio

from mesh.background import Background, Job, JobRunner, Piece
from tests.support.conditions import until


class Work:
    def __init__(self, *, deaf: bool = False) -> None:
        self.stopping, self.finished, self.deaf, self.reason = asyncio.Event(), False, deaf, ""
        self.error: Exception | None = None

    async def run(self) -> None:
        if self.error is not None:
            raise self.error
        await (asyncio.Event().wait() if self.deaf else self.stopping.wait())
        self.finished = True

    def piece(self, name: str = "work") -> Piece:
        return Piece(name, self.run, self.stopping.set, lambda: self.reason)


async def test_work_is_finished_before_stop_returns() -> None:
    work = Work()
    background = Background([work.piece()])
    background.start()
    assert background.troubles() == {}
    await background.stop(5)
    assert work.finished
    assert background.troubles() == {}


async def test_work_that_ends_by_itself_or_fails_is_a_trouble() -> None:
    failing, ending, well = Work(), Work(), Work()
    failing.error = ValueError("private")
    ending.stopping.set()
    background = Background([failing.piece("a"), ending.piece("b"), well.piece("c")])
    background.start()

    async def both_ended() -> bool:
        return len(background.troubles()) == 2

    await until(both_ended)
    assert background.troubles() == {"a": "stopped unexpectedly", "b": "stopped unexpectedly"}
    well.reason = "it lags"
    assert background.troubles()["c"] == "it lags"
    await background.stop(5)


async def test_work_that_does_not_stop_is_cut_off() -> None:
    work = Work(deaf=True)
    background = Background([work.piece()])
    background.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await background.stop(0.01)
    assert not work.finished


async def test_job_never_overlaps_itself_and_its_last_run_is_finished() -> None:
    under_way, most, runs = 0, 0, asyncio.Semaphore(0)

    async def run() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        runs.release()
        await asyncio.sleep(0)
        under_way -= 1

    background = Background([JobRunner("auth", Job("sweep", 0.0, run)).piece()])
    background.start()
    for _ in range(5):
        await runs.acquire()
    await background.stop(5)
    assert (most, under_way) == (1, 0)
