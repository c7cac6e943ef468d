"""Work beside the calls: each piece runs in a task that is watched, stopped in order and never forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterable

from mesh import logs, telemetry
from mesh.rpc import context

JOB_TIMEOUT_S = 600.0
LOG = logs.get()


@dataclasses.dataclass(frozen=True)
class Job:
    """Something done every `interval_s` seconds, never overlapping itself; a failed run is logged."""

    name: str
    interval_s: float
    run: Callable[[], Awaitable[object]]


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of background work: `run` returns after `stop`; `trouble` says what is wrong, empty for nothing."""

    name: str
    run: Callable[[], Awaitable[None]]
    stop: Callable[[], None]
    trouble: Callable[[], str]


class JobRunner:
    """Runs one job until it is stopped: at once, then every `interval_s` after a run has ended."""

    def __init__(self, service: str, job: Job) -> None:
        self._service, self._job = service, job
        self._stopping = asyncio.Event()

    def piece(self) -> Piece:
        """The job as background work. A failed run is no trouble: the next one comes."""
        return Piece(f"{self._service} job {self._job.name}", self.run, self._stopping.set, lambda: "")

    async def run(self) -> None:
        """Run until stopped; the run in hand is finished."""
        while not self._stopping.is_set():
            outcome = await self._once()
            telemetry.JOB_RUNS.labels(self._service, self._job.name, outcome).inc()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._job.interval_s):
                    await self._stopping.wait()

    async def _once(self) -> str:
        with context.bind_job(self._service, self._job.name):
            try:
                async with asyncio.timeout(JOB_TIMEOUT_S):
                    await self._job.run()
            except Exception:  # a job's failure is told to the operator; the next run comes
                LOG.exception("job failed", job=self._job.name)
                return "failed"
        return "ok"


class Background:
    """The background work of a process."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = tuple(pieces)
        self._tasks: dict[Piece, asyncio.Task[None]] = {}
        self._stopping = False

    def start(self) -> None:
        """Begin all of it."""
        for piece in self._pieces:
            self._tasks[piece] = asyncio.create_task(self._watch(piece), name=piece.name)

    def troubles(self) -> dict[str, str]:
        """What is wrong, by name of the piece."""
        found = {piece.name: self._trouble(piece, task) for piece, task in self._tasks.items()}
        return {name: trouble for name, trouble in found.items() if trouble}

    def _trouble(self, piece: Piece, task: asyncio.Task[None]) -> str:
        ended = task.done() and not self._stopping
        return piece.trouble() or ("stopped unexpectedly" if ended else "")

    async def stop(self, grace_s: float) -> None:
        """Stop all of it at once; what has not ended after `grace_s` is cancelled."""
        self._stopping = True
        for piece in self._tasks:
            piece.stop()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks.values(), timeout=grace_s)
        for task in late:
            LOG.warning("background work was cut off", piece=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _watch(self, piece: Piece) -> None:
        try:
            await piece.run()
        except Exception:  # it stays visible: readiness is red from here on
            LOG.exception("background work ended", piece=piece.name)
