"""Many calls leave as one: those that arrive while a batch is under way go together in the next.

The busier a process is, the larger its batches get and the less a call costs; an idle one sends at once.
"""

from __future__ import annotations

import asyncio
import collections
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from mesh import errors, logs, telemetry

RETRY_AFTER_S = 1.0
# How many items make a further batch worth its call while one is under way: calling costs as much as a dozen items.
WORTH_A_CALL = 16
LOG = logs.get()

Item = TypeVar("Item")
Result = TypeVar("Result")


class Coalescer(Generic[Item, Result]):
    """Collects items and sends them in batches.

    `send` takes at most `max_batch` items and gives one result each, in order; a result that is an exception is raised
    for its item alone. `in_flight` batches may be under way, each beyond the first only if it is worth its call;
    `max_waiting` items may wait; more are refused. A batch that takes longer than `timeout_s` fails its own items.
    `name` shows in metrics.
    """

    def __init__(
        self,
        send: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_batch: int,
        in_flight: int = 1,
        max_waiting: int = 4096,
        timeout_s: float = 5.0,
        name: str = "",
    ) -> None:
        self._send, self._max_batch, self._in_flight = send, max_batch, in_flight
        self._max_waiting, self._timeout_s = max_waiting, timeout_s
        self._worth = min(WORTH_A_CALL, max_batch)
        self._waiting: collections.deque[tuple[Item, asyncio.Future[Result]]] = collections.deque()
        self._flights: set[asyncio.Task[None]] = set()
        self._closed = False
        self._sizes = telemetry.COALESCED_BATCHES.labels(name)

    async def call(self, item: Item) -> Result:
        """The result of one item. Cancelling this harms no neighbour.

        Raises:
            errors.Overloaded: too many items wait.
            errors.DeadlineExceeded: the batch took too long.
            Exception: what `send` raised for the batch or gave for the item.
        """
        if self._closed:
            raise errors.Unavailable("This process is stopping.", retry_after_s=RETRY_AFTER_S)
        if len(self._waiting) >= self._max_waiting:
            raise errors.Overloaded(retry_after_s=RETRY_AFTER_S)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        flights = len(self._flights)
        if not flights or (flights < self._in_flight and len(self._waiting) >= self._worth):
            self._start()
        return await future

    async def close(self) -> None:
        """Take no more items; return when those taken have their results."""
        self._closed = True
        while self._flights:
            await asyncio.wait(self._flights)

    def _start(self) -> None:
        # A context of its own: the batch belongs to no single caller, so it carries nobody's principal or deadline. The
        # task begins in the loop's next turn, so that everything that arrives in this one leaves with it.
        flight = asyncio.create_task(self._fly(), context=contextvars.Context())
        self._flights.add(flight)

    async def _fly(self) -> None:
        try:
            while self._is_due() and (batch := self._next_batch()):
                self._sizes.observe(len(batch))
                await self._carry(batch)
        finally:
            # Not in a callback: one would run a turn later, and a call in between would wait for nobody.
            flight = asyncio.current_task()
            assert flight is not None
            self._flights.discard(flight)

    def _is_due(self) -> bool:
        """Whether a flight goes on: the only one takes what there is, others leave a handful to it."""
        return len(self._flights) == 1 or len(self._waiting) >= self._worth

    async def _carry(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            await self._exchange(batch)
        except Exception as error:  # noqa: BLE001 - whatever failed, exactly these items must learn of it
            _fail(batch, error)
        finally:
            _fail(batch, errors.Unavailable("This process is stopping."))

    def _next_batch(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(batch) < self._max_batch:
            entry = self._waiting.popleft()
            if not entry[1].done():  # its caller gave up waiting
                batch.append(entry)
        return batch

    async def _exchange(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                results = await self._send([item for item, _ in batch])
        except TimeoutError:
            raise errors.DeadlineExceeded from None
        if len(results) != len(batch):
            LOG.error("a batch came back with another number of results", sent=len(batch), got=len(results))
            raise errors.Internal
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


def _fail(batch: list[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
