from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mesh import errors, processes

WORK = "tests.support.process_work"
ONE = processes.Limits(workers=1, waiting=2, time_s=20.0, cpu_s=20)


async def chunks(*items: bytes) -> AsyncIterator[bytes]:
    for item in items:
        yield item


async def run(pool: processes.Pool, name: str, source: AsyncIterator[bytes] | None = None, **arguments: Any) -> bytes:
    return await pool.call(f"{WORK}:{name}", arguments, source or processes.nothing(), limit_bytes=100_000)


@pytest.fixture
async def pool() -> AsyncIterator[processes.Pool]:
    async with processes.Pool(ONE, preload=(WORK,)) as opened:
        yield opened


async def test_work_reads_its_input_and_yields_its_output(pool: processes.Pool) -> None:
    assert await run(pool, "echo", chunks(b"one ", b"two"), greeting="hello ") == b"hello one two"


async def test_chunks_arrive_as_they_were_sent(pool: processes.Pool) -> None:
    assert await run(pool, "sizes", chunks(b"a" * 3, b"b" * 70_000, b"c")) == b"3,70000,1"


async def test_one_worker_does_one_task_after_another(pool: processes.Pool) -> None:
    first, second = await run(pool, "who"), await run(pool, "who")
    assert first == second != str(os.getpid()).encode()


async def test_leaving_after_the_last_output_does_not_cost_the_worker(pool: processes.Pool) -> None:
    before = await run(pool, "who")
    for name in ("count", "fail"):
        async with pool.task(f"{WORK}:{name}", {}, processes.nothing()) as outputs:
            await anext(outputs)
    assert await run(pool, "who") == before


async def test_leaving_before_the_last_output_costs_the_worker(pool: processes.Pool) -> None:
    before = await run(pool, "who")
    async with pool.task(f"{WORK}:flood", {"chunks": 50}, processes.nothing()) as outputs:
        await anext(outputs)
    assert await run(pool, "who") != before


async def test_output_comes_while_input_is_still_going_in(pool: processes.Pool) -> None:
    async with pool.task(f"{WORK}:echo", {"greeting": ""}, chunks(*[b"x" * 65_536] * 100)) as outputs:
        total = sum([len(chunk) async for chunk in outputs])
    assert total == 6_553_600


async def test_input_that_the_work_leaves_unread_does_not_reach_the_next_task(pool: processes.Pool) -> None:
    assert await run(pool, "first_chunk_only", chunks(b"first", *[b"rest" * 16_384] * 20)) == b"first"
    assert await run(pool, "count", chunks(b"12345")) == b"5"


async def test_input_is_held_back_while_the_worker_is_behind(pool: processes.Pool) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65_536
            await asyncio.sleep(0)

    async with pool.task(f"{WORK}:wait_for_ever", {}, endless()) as outputs:
        assert await anext(outputs) == b"waiting"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(anext(outputs), 0.2)
    assert 0 < sent * 65_536 < 4 * 1024 * 1024


async def test_work_past_its_time_is_killed_and_the_pool_lives() -> None:
    async with processes.Pool(processes.Limits(workers=1, time_s=0.5), preload=(WORK,)) as pool:
        await pool.ready()
        with pytest.raises(processes.TimeLimitExceeded):
            await run(pool, "wait_for_ever")
        assert await run(pool, "count", chunks(b"123")) == b"3"


async def test_work_past_its_cpu_time_is_killed_and_the_pool_lives() -> None:
    async with processes.Pool(processes.Limits(workers=1, time_s=30.0, cpu_s=1), preload=(WORK,)) as pool:
        with pytest.raises(processes.TimeLimitExceeded):
            await run(pool, "spin")
        assert await run(pool, "count", chunks(b"123")) == b"3"


async def test_work_past_its_memory_is_refused_and_the_pool_lives() -> None:
    limit = 512 * 1024 * 1024
    async with processes.Pool(processes.Limits(workers=1, address_space_bytes=limit), preload=(WORK,)) as pool:
        with pytest.raises(processes.MemoryLimitExceeded):
            await run(pool, "hoard", size_bytes=2 * limit)
        assert await run(pool, "hoard", size_bytes=limit // 4) == b"hoarding" + str(limit // 4).encode()


async def test_a_crash_of_the_worker_is_told_and_the_pool_lives(pool: processes.Pool) -> None:
    with pytest.raises(processes.WorkerDied):
        await run(pool, "crash")
    assert await run(pool, "count", chunks(b"123")) == b"3"


async def test_an_exception_is_told_by_its_class_and_nothing_else(pool: processes.Pool) -> None:
    with pytest.raises(processes.WorkFailed) as caught:
        await run(pool, "fail")
    assert caught.value.error_class == "builtins.LookupError"
    assert "secret" not in str(caught.value)


async def test_work_that_does_not_exist_fails_without_costing_the_worker(pool: processes.Pool) -> None:
    before = await run(pool, "who")
    with pytest.raises(processes.WorkFailed):
        await run(pool, "no_such_work")
    assert await run(pool, "who") == before


async def test_a_worker_can_write_no_file(pool: processes.Pool, tmp_path: pathlib.Path) -> None:
    target = tmp_path / "statement.txt"
    with pytest.raises(processes.WorkFailed):
        await run(pool, "write_file", path=str(target))
    assert not target.exists() or target.read_bytes() == b""


async def test_a_worker_knows_nothing_of_our_environment() -> None:
    os.environ["CREDPASS_CANARY"] = "secret"
    try:
        async with processes.Pool(ONE) as pool:
            assert b"CANARY" not in await run(pool, "environment")
    finally:
        del os.environ["CREDPASS_CANARY"]


async def test_an_error_of_the_input_is_raised_as_it_is(pool: processes.Pool) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise errors.Unavailable

    with pytest.raises(errors.Unavailable):
        await run(pool, "count", broken())
    assert await run(pool, "count", chunks(b"123")) == b"3"


async def test_a_full_queue_is_said_aloud(pool: processes.Pool) -> None:
    async with pool.task(f"{WORK}:wait_for_ever", {}, processes.nothing()) as outputs:
        await anext(outputs)
        waiting = [asyncio.create_task(run(pool, "who")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(errors.Overloaded) as caught:
            await run(pool, "who")
        assert caught.value.retry_after_s
    assert len(await asyncio.gather(*waiting)) == 2


async def test_a_caller_that_gives_up_leaves_the_worker_to_the_next(pool: processes.Pool) -> None:
    task = asyncio.create_task(run(pool, "wait_for_ever"))
    async with asyncio.timeout(20):
        await pool.ready()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await run(pool, "count", chunks(b"123")) == b"3"


async def test_a_worn_worker_is_replaced() -> None:
    async with processes.Pool(processes.Limits(workers=1, tasks_per_worker=2), preload=(WORK,)) as pool:
        first, second, third = [await run(pool, "who") for _ in range(3)]
    assert first == second != third


async def test_a_worker_that_died_while_idle_is_replaced(pool: processes.Pool) -> None:
    victim = int(await run(pool, "who"))
    os.kill(victim, 9)
    await asyncio.to_thread(os.waitid, os.P_PID, victim, os.WEXITED | os.WNOWAIT)
    assert int(await run(pool, "who")) != victim


async def test_more_output_than_allowed_ends_the_work() -> None:
    async with processes.Pool(processes.Limits(workers=1, output_bytes=1_000_000), preload=(WORK,)) as pool:
        with pytest.raises(processes.WorkFailed):
            await pool.call(f"{WORK}:flood", {"chunks": 1_000}, processes.nothing(), limit_bytes=2**30)
        assert await run(pool, "count", chunks(b"123")) == b"3"


async def test_closing_the_pool_ends_its_processes() -> None:
    async with processes.Pool(ONE, preload=(WORK,)) as pool:
        pid = int(await run(pool, "who"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_that_cannot_start_is_an_error_of_the_task() -> None:
    async with processes.Pool(ONE, preload=("no.such.module",)) as pool:
        for _ in range(2):
            with pytest.raises(errors.Unavailable):
                await run(pool, "who")


async def test_a_pool_that_can_start_no_worker_says_so_until_it_can(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    async with processes.Pool(ONE, preload=("a_module_that_comes_late",)) as pool:
        with pytest.raises(errors.Unavailable):
            await pool.ready()
        for _ in range(2):
            with pytest.raises(errors.Unavailable):
                await pool.ping()
        (tmp_path / "a_module_that_comes_late.py").touch()
        await pool.ping()
        assert (await run(pool, "who")).isdigit()


async def test_a_worker_that_has_died_is_replaced_when_the_pool_is_looked_at(pool: processes.Pool) -> None:
    await pool.ping()
    before = int(await run(pool, "who"))
    os.kill(before, signal.SIGKILL)
    worker = pathlib.Path("/proc") / str(before)
    async with asyncio.timeout(10):
        while is_running(worker):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    await pool.ping()
    assert int(await run(pool, "who")) != before


async def test_workers_end_when_their_parent_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.process_parent", stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert parent.stdout is not None
    worker = pathlib.Path("/proc") / (await parent.stdout.readline()).decode().strip()
    assert is_running(worker)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(20):
        while is_running(worker):  # noqa: ASYNC110 - another's child cannot be waited for
            await asyncio.sleep(0.01)


def is_running(process: pathlib.Path) -> bool:
    """A zombie has ended; who collects it is the init process's business."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
