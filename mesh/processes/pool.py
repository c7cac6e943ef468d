"""The pool: slots that each hold a started (or starting) worker, and the running of one task."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import mesh.errors
from mesh.processes import errors, wire, worker
from mesh.processes.limits import Limits

_RETRY_AFTER_S = 2.0
_LAST_WORD_S = 0.2
_WORN, _OUT_OF_MEMORY = b"worn", b"MemoryError"
_LAST_WORDS_OF_A_WORKER = (_WORN, _OUT_OF_MEMORY)


async def nothing() -> AsyncIterator[bytes]:
    """The input of work that needs none."""
    for _ in range(0):
        yield b""


class Pool:
    """Use as an async context manager. Entering returns at once: workers start in the background."""

    def __init__(self, bounds: Limits, preload: tuple[str, ...] = ()) -> None:
        self._bounds = bounds
        self._slots = [_Slot(bounds, preload) for _ in range(bounds.workers)]
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        self._waiting = 0

    async def __aenter__(self) -> Self:
        for slot in self._slots:
            slot.begin()
            self._free.put_nowait(slot)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for slot in self._slots:
            await slot.end()

    async def ready(self) -> None:
        """Wait until every worker has started. Raises Unavailable when one cannot."""
        for slot in self._slots:
            await slot.started()

    async def ping(self) -> None:
        """See that a worker is there or on its way; where none could be started or all have died, start one.

        Costs nothing as long as all is well. Raises Unavailable when none can be started.
        """
        if not any(slot.well for slot in self._slots):
            await self._slots[0].started()

    @contextlib.asynccontextmanager
    async def task(
        self, work: str, arguments: Mapping[str, Any], source: AsyncIterator[bytes]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Run `work` (`module:function`) on `source`, chunk by chunk; gives the chunks it yields as they come.

        Raises Overloaded when too many wait for a worker, Unavailable when none can be started, a WorkLost when the
        work is lost, and whatever `source` raises. Leaving before the last chunk kills the worker; a new one takes its
        place.
        """
        slot = await self._taken()
        try:
            running = _Task(await slot.started(), self._bounds, source)
            try:
                await running.begin(work, arguments)
                async with contextlib.aclosing(running.outputs()) as outputs:
                    yield outputs
            finally:
                usable = False
                try:
                    usable = await running.settled()
                finally:
                    if not usable:
                        slot.replace()
        finally:
            self._free.put_nowait(slot)

    async def call(
        self, work: str, arguments: Mapping[str, Any], source: AsyncIterator[bytes], limit_bytes: int
    ) -> bytes:
        """The same for work with a small result: its chunks in one piece. Raises WorkFailed over `limit_bytes`."""
        result = bytearray()
        async with self.task(work, arguments, source) as outputs:
            async for chunk in outputs:
                result += chunk
                if len(result) > limit_bytes:
                    raise errors.WorkFailed("ResultTooLarge")
        return bytes(result)

    async def _taken(self) -> _Slot:
        if self._free.empty() and self._waiting >= self._bounds.waiting:
            raise mesh.errors.Overloaded(retry_after_s=_RETRY_AFTER_S)
        self._waiting += 1
        try:
            return await self._free.get()
        finally:
            self._waiting -= 1


class _Slot:
    """A place for one worker."""

    def __init__(self, bounds: Limits, preload: tuple[str, ...]) -> None:
        self._bounds = bounds
        self._preload = preload
        self._starting: asyncio.Task[worker.Worker] | None = None
        self._failed_before = False

    def begin(self, old: worker.Worker | None = None) -> None:
        self._failed_before = self._failed()
        self._starting = asyncio.create_task(self._start(old))

    async def _start(self, old: worker.Worker | None) -> worker.Worker:
        if old is not None:
            await old.reaped()
        return await worker.Worker.start(self._bounds, self._preload)

    @property
    def well(self) -> bool:
        """Whether its worker lives, or is being started and nothing says that it cannot be."""
        task = self._starting
        if task is None or not task.done():
            return task is not None and not self._failed_before
        return not self._failed() and task.result().alive

    async def started(self) -> worker.Worker:
        """The worker. One that failed to start, or died while it was idle, is started once more here."""
        if self._failed():
            self.begin()
        current = await self._wait()
        if current.alive:
            return current
        self.replace()
        return await self._wait()

    async def _wait(self) -> worker.Worker:
        if self._starting is None:
            raise RuntimeError("the pool is not open")
        try:
            return await asyncio.shield(self._starting)
        except (errors.WorkLost, OSError, TimeoutError) as error:
            raise mesh.errors.Unavailable("No worker can be started.", retry_after_s=_RETRY_AFTER_S) from error

    def _failed(self) -> bool:
        task = self._starting
        return task is not None and task.done() and (task.cancelled() or task.exception() is not None)

    def replace(self) -> None:
        """Kill the worker and start another in the background."""
        if self._starting is None or not self._starting.done() or self._failed():
            return
        old = self._starting.result()
        old.kill()
        self.begin(old)

    async def end(self) -> None:
        if self._starting is None:
            return
        starting, self._starting = self._starting, None
        starting.cancel()
        await asyncio.wait([starting])
        if not starting.cancelled() and starting.exception() is None:
            starting.result().kill()
            await starting.result().reaped()


class _Task:
    """One task on one worker: the feeding of input and the reading of output run side by side."""

    def __init__(self, runner: worker.Worker, bounds: Limits, source: AsyncIterator[bytes]) -> None:
        self._worker = runner
        self._bounds = bounds
        self._source = source
        self._feeding: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._late = False
        self._between_frames = False
        self._concluded = False
        self._reusable = False

    async def begin(self, work: str, arguments: Mapping[str, Any]) -> None:
        json.dumps(arguments)  # a caller's mistake must not cost a worker
        self._alarm = asyncio.get_running_loop().call_later(self._bounds.time_s, self._expire)
        self._feeding = asyncio.create_task(self._feed(work, arguments))
        self._feeding.add_done_callback(self._fed)

    def _expire(self) -> None:
        self._late = True
        self._worker.kill()

    async def _feed(self, work: str, arguments: Mapping[str, Any]) -> None:
        try:
            await self._worker.send_task(work, arguments)
            async for chunk in self._source:
                await self._worker.send(wire.Kind.INPUT, chunk)
            await self._worker.send(wire.Kind.INPUT_END)
        except ConnectionError:
            return  # the reading side learns why

    def _fed(self, feeding: asyncio.Task[None]) -> None:
        if not feeding.cancelled() and feeding.exception() is not None:
            self._worker.kill()  # the input will never be whole; the reader then raises what the source raised

    async def outputs(self) -> AsyncGenerator[bytes, None]:
        total_bytes = 0
        while True:
            kind, payload = await self._received()
            if kind is not wire.Kind.OUTPUT:
                self._conclude(kind, payload)
                return
            total_bytes += len(payload)
            if total_bytes > self._bounds.output_bytes:
                raise errors.WorkFailed("ResultTooLarge")
            yield payload

    async def _received(self) -> tuple[wire.Kind, bytes]:
        self._between_frames = False
        try:
            frame = await self._worker.receive()
        except errors.WorkLost as lost:
            self._raise_source_error()
            if self._late:
                raise errors.TimeLimitExceeded("the work took too long") from lost
            raise
        self._between_frames = True
        return frame

    def _raise_source_error(self) -> None:
        feeding = self._feeding
        if feeding is not None and feeding.done() and not feeding.cancelled():
            feeding.result()

    def _conclude(self, kind: wire.Kind, payload: bytes) -> None:
        self._concluded = True
        self._raise_source_error()
        if kind is wire.Kind.DONE:
            self._reusable = payload != _WORN
        elif kind is wire.Kind.FAILED and payload == _OUT_OF_MEMORY:
            raise errors.MemoryLimitExceeded("the work needs too much memory")
        elif kind is wire.Kind.FAILED:
            self._reusable = True
            raise errors.WorkFailed(payload.decode(errors="replace")[:200])
        else:
            raise errors.WorkerDied("the worker spoke out of turn")

    async def settled(self) -> bool:
        """End the task; False when its worker cannot be used again."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._between_frames and not self._concluded:
            await self._hear_last_word()
        complete = await self._stop_feeding()
        await _closed(self._source)
        if not self._reusable or not self._worker.alive:
            return False
        if not complete:
            self._worker.post(wire.Kind.INPUT_END)
        return True

    async def _hear_last_word(self) -> None:
        """Whoever left after the output that mattered need not cost a worker that is done, too, or about to be."""
        with contextlib.suppress(errors.WorkLost, TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                kind, payload = await self._worker.receive()
                is_over = kind in (wire.Kind.DONE, wire.Kind.FAILED)
                self._reusable = is_over and payload not in _LAST_WORDS_OF_A_WORKER

    async def _stop_feeding(self) -> bool:
        """True when all of the input had been sent."""
        feeding = self._feeding
        if feeding is None:
            return False
        feeding.cancel()
        await asyncio.wait([feeding])
        return not feeding.cancelled() and feeding.exception() is None


async def _closed(source: AsyncIterator[bytes]) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
