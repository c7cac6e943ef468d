"""A budget is never exceeded, however many gateways draw from it, and is nearly used up before anybody is refused."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import AsyncIterator

import pytest

from gateway import limits
from mesh import cache, clock, errors


@pytest.fixture
async def store(tmp_path: pathlib.Path) -> AsyncIterator[cache.Cache]:
    opened = cache.open_cache("memory:", tmp_path)
    yield opened
    await opened.close()


def gateway(store: cache.Cache, **budgets: str) -> limits.Limits:
    return limits.Limits(store, budgets, clock.SystemClock())


async def taken(budget: limits.Limits, policy: str, identity: str, times: int) -> int:
    results = await asyncio.gather(*(budget.take(policy, identity) for _ in range(times)), return_exceptions=True)
    assert all(isinstance(result, limits.Standing | limits.BudgetExceeded) for result in results)
    return sum(isinstance(result, limits.Standing) for result in results)


async def test_a_small_budget_is_exact(store: cache.Cache) -> None:
    assert await taken(gateway(store, login="3/hour"), "login", "192.0.2.1", 10) == 3


async def test_three_gateways_never_exceed_one_budget_and_leave_less_than_a_lease_each(store: cache.Cache) -> None:
    budget, gateways = 500, [gateway(store, verify="500/hour") for _ in range(3)]
    counts = await asyncio.gather(*(taken(one, "verify", "cp_live_x", 400) for one in gateways))
    assert budget - 3 * (budget // limits.LEASES_PER_WINDOW) <= sum(counts) <= budget


async def test_requests_that_come_while_others_wait_for_a_lease_cost_the_budget_nothing(store: cache.Cache) -> None:
    budget = gateway(store, verify="500/hour")

    async def late(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await taken(budget, "verify", "cp_live_x", 1)

    assert sum(await asyncio.gather(*(late(turns) for turns in range(800)))) == 500


async def test_identities_and_classes_have_budgets_of_their_own(store: cache.Cache) -> None:
    budget = gateway(store, read="2/hour", write="2/hour")
    assert await taken(budget, "read", "user_a", 5) == 2
    assert await taken(budget, "read", "user_b", 5) == 2
    assert await taken(budget, "write", "user_a", 5) == 2


async def test_a_refusal_says_when_the_window_ends(store: cache.Cache) -> None:
    budget = gateway(store, login="1/minute")
    standing = await budget.take("login", "192.0.2.1")
    assert (standing.remaining, standing.quota, standing.window_s) == (0, 1, 60)
    with pytest.raises(limits.BudgetExceeded) as refused:
        await budget.take("login", "192.0.2.1")
    assert 0 < (refused.value.retry_after_s or 0) <= 60
    assert dict(refused.value.standing.headers())["ratelimit-policy"] == '"login";q=1;w=60'


async def test_a_cache_out_of_reach_is_unavailable(tmp_path: pathlib.Path) -> None:
    unreachable = cache.open_cache("redis://127.0.0.1:1/0", tmp_path)
    with pytest.raises(errors.Unavailable):
        await gateway(unreachable, read="5/minute").take("read", "user_a")
    await unreachable.close()
