from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from mesh import errors
from mesh.rpc import context
from mesh.rpc.coalescing import WORTH_A_CALL, Coalescer
from tests.support.events_for_tests import until


class Far:
    """The far side of a batched call: keeps what came, answers when it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.arrived = asyncio.Semaphore(0)
        self.free = asyncio.Event()
        if not held:
            self.free.set()

    async def send(self, items: list[str]) -> Sequence[str | Exception]:
        self.batches.append(items)
        self.arrived.release()
        await self.free.wait()
        if "broken" in items:
            raise errors.Unavailable
        return [errors.NotFound() if item == "bad" else item.upper() for item in items]


async def test_what_arrives_together_leaves_together() -> None:
    far = Far()
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=10)
    assert await asyncio.gather(*(calls.call(item) for item in "abc")) == ["A", "B", "C"]
    assert far.batches == [["a", "b", "c"]]
    assert await calls.call("d") == "D"
    await calls.close()


async def test_what_arrives_while_one_is_under_way_leaves_in_the_next_in_bounded_batches() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=2)
    first = asyncio.create_task(calls.call("a"))
    await far.arrived.acquire()
    rest = [asyncio.create_task(calls.call(item)) for item in "bcd"]
    far.free.set()
    assert await asyncio.gather(first, *rest) == ["A", "B", "C", "D"]
    assert far.batches == [["a"], ["b", "c"], ["d"]]


async def test_no_more_batches_are_under_way_than_allowed() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=1, in_flight=2)
    tasks = [asyncio.create_task(calls.call(item)) for item in "abc"]
    await far.arrived.acquire()
    await far.arrived.acquire()
    assert len(far.batches) == 2
    far.free.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]


async def test_a_further_batch_leaves_only_when_it_is_worth_its_call() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=100, in_flight=2)
    tasks = [asyncio.create_task(calls.call("first"))]
    await far.arrived.acquire()
    tasks += [asyncio.create_task(calls.call(f"{number}")) for number in range(WORTH_A_CALL - 1)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert [len(batch) for batch in far.batches] == [1]
    tasks.append(asyncio.create_task(calls.call("the one that makes it worth it")))
    await far.arrived.acquire()
    assert [len(batch) for batch in far.batches] == [1, WORTH_A_CALL]
    far.free.set()
    await asyncio.gather(*tasks)


async def test_a_handful_left_waiting_leaves_when_the_last_batch_is_back() -> None:
    doors: list[asyncio.Future[None]] = []
    sent: list[list[str]] = []

    async def send(items: list[str]) -> Sequence[str]:
        sent.append(items)
        doors.append(asyncio.get_running_loop().create_future())
        await doors[-1]
        return items

    calls: Coalescer[str, str] = Coalescer(send, max_batch=WORTH_A_CALL, in_flight=2)
    tasks = [asyncio.create_task(calls.call(f"{number}")) for number in range(2 * WORTH_A_CALL + 3)]
    await until(lambda: len(sent) == 2)
    doors[0].set_result(None)
    await asyncio.gather(*tasks[:WORTH_A_CALL])
    assert len(sent) == 2
    doors[1].set_result(None)
    await until(lambda: len(sent) == 3)
    assert len(sent[2]) == 3
    doors[2].set_result(None)
    await asyncio.gather(*tasks)


async def test_one_bad_item_fails_alone() -> None:
    far = Far()
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=10)
    results = await asyncio.gather(*(calls.call(item) for item in ("a", "bad", "c")), return_exceptions=True)
    assert [results[0], results[2]] == ["A", "C"]
    assert isinstance(results[1], errors.NotFound)


async def test_failed_batch_fails_its_own_items_only() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=10)
    first = asyncio.create_task(calls.call("broken"))
    await far.arrived.acquire()
    second = asyncio.create_task(calls.call("b"))
    far.free.set()
    with pytest.raises(errors.Unavailable):
        await first
    assert await second == "B"


async def test_caller_that_gives_up_harms_no_neighbour() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=10)
    under_way = [asyncio.create_task(calls.call(item)) for item in "ab"]
    await far.arrived.acquire()
    waiting = [asyncio.create_task(calls.call(item)) for item in "cd"]
    await asyncio.sleep(0)
    for task in (under_way[0], waiting[0]):
        task.cancel()
    far.free.set()
    assert await under_way[1] == "B"
    assert await waiting[1] == "D"
    assert far.batches == [["a", "b"], ["d"]]


async def test_more_than_may_wait_is_refused() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=1, max_waiting=2)
    tasks = [asyncio.create_task(calls.call("a"))]
    await far.arrived.acquire()
    tasks += [asyncio.create_task(calls.call(item)) for item in "bc"]
    await asyncio.sleep(0)
    with pytest.raises(errors.Overloaded) as refused:
        await calls.call("d")
    assert refused.value.retry_after_s is not None
    far.free.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]


async def test_batch_that_takes_too_long_fails_its_items() -> None:
    calls: Coalescer[str, str] = Coalescer(Far(held=True).send, max_batch=10, timeout_s=0.01)
    with pytest.raises(errors.DeadlineExceeded):
        await calls.call("a")


async def test_wrong_number_of_results_is_nobodys_answer() -> None:
    async def send(_items: list[str]) -> list[str]:
        return ["A"]

    calls: Coalescer[str, str] = Coalescer(send, max_batch=10)
    results = await asyncio.gather(calls.call("a"), calls.call("b"), return_exceptions=True)
    assert [type(result) for result in results] == [errors.Internal, errors.Internal]


async def test_batch_carries_nobodys_context() -> None:
    seen: list[context.CallInfo] = []

    async def send(items: list[str]) -> list[str]:
        seen.append(context.current())
        return items

    calls: Coalescer[str, str] = Coalescer(send, max_batch=10)
    with context.bind(context.CallInfo("gateway", "m", principal=context.UserPrincipal("user_1"), deadline=0.0)):
        await calls.call("a")
    assert (seen[0].principal, seen[0].deadline) == (None, None)


async def test_close_answers_what_was_taken_and_refuses_what_comes() -> None:
    far = Far(held=True)
    calls: Coalescer[str, str] = Coalescer(far.send, max_batch=1)
    tasks = [asyncio.create_task(calls.call(item)) for item in "ab"]
    await far.arrived.acquire()
    closing = asyncio.create_task(calls.close())
    await asyncio.sleep(0)
    with pytest.raises(errors.Unavailable):
        await calls.call("c")
    far.free.set()
    await closing
    assert await asyncio.gather(*tasks) == ["A", "B"]


async def test_every_call_is_answered_under_many_at_once() -> None:
    async def send(items: list[int]) -> list[int]:
        await asyncio.sleep(0)
        return [item * 2 for item in items]

    calls: Coalescer[int, int] = Coalescer(send, max_batch=7, in_flight=2)

    async def several(start: int) -> list[int]:
        return [await calls.call(number) for number in range(start, start + 20)]

    async with asyncio.timeout(10):
        results = await asyncio.gather(*(several(start) for start in range(0, 1000, 20)))
    assert [result for row in results for result in row] == [number * 2 for number in range(1000)]
