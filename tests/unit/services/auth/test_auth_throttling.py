"""Guessing passwords gets slow, whether or not there is an account."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.documents import sqlite
from services.auth import errors
from services.auth.domain import throttling
from tests.fakes.auth_documents import WatchedDocuments
from tests.support.auth_world import EMAIL, AuthWorld, over
from tests.support.clocks import START, HandClock


async def guess(world: AuthWorld, email: str = EMAIL, address: str = "203.0.113.9") -> str:
    try:
        await world.log_in(email, "a wrong guess", address)
    except (errors.WrongCredentials, errors.LoginThrottled) as refusal:
        return refusal.reason
    return "in"


async def test_after_five_guesses_the_next_must_wait(world: AuthWorld) -> None:
    await world.user()
    assert [await guess(world) for _ in range(5)] == ["WRONG_CREDENTIALS"] * 5
    with pytest.raises(errors.LoginThrottled) as caught:
        await world.log_in()
    assert caught.value.retry_after_s == 1
    world.clock.move(seconds=1)
    assert (await world.log_in()).user_id


async def test_an_email_without_account_is_throttled_alike(world: AuthWorld) -> None:
    await world.user()
    known = [await guess(world, EMAIL, f"203.0.113.{count}") for count in range(8)]
    unknown = [await guess(world, "nobody@example.com", f"203.0.113.{count}") for count in range(8)]
    assert known == unknown
    assert known[-1] == "LOGIN_THROTTLED"


async def test_the_wait_doubles_up_to_a_quarter_of_an_hour(world: AuthWorld) -> None:
    waits: list[float] = []
    for _ in range(throttling.PER_ACCOUNT.free):
        await guess(world)
    for count in range(15):
        with pytest.raises(errors.LoginThrottled) as caught:
            await world.log_in(EMAIL, "a wrong guess", f"203.0.113.{count}")
        waits.append(caught.value.retry_after_s or 0)
        world.clock.move(seconds=waits[-1])
        assert await guess(world, address=f"198.51.100.{count}") == "WRONG_CREDENTIALS"
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == 15 * 60


async def test_guesses_in_parallel_are_counted_too(world: AuthWorld) -> None:
    await world.user()
    outcomes = await asyncio.gather(*(guess(world, address=f"203.0.113.{count}") for count in range(40)))
    assert outcomes.count("WRONG_CREDENTIALS") <= throttling.PER_ACCOUNT.free


async def test_one_address_cannot_try_many_accounts(world: AuthWorld) -> None:
    outcomes = [await guess(world, f"user{count}@example.com") for count in range(25)]
    assert outcomes[: throttling.PER_ADDRESS.free] == ["WRONG_CREDENTIALS"] * throttling.PER_ADDRESS.free
    assert outcomes[-1] == "LOGIN_THROTTLED"


async def test_the_right_password_clears_the_count(world: AuthWorld) -> None:
    await world.user()
    for _ in range(4):
        for _ in range(4):
            await guess(world)
        assert (await world.log_in()).user_id


async def test_log_ins_that_succeed_do_not_slow_down_their_address(world: AuthWorld) -> None:
    await world.user()
    for _ in range(2 * throttling.PER_ADDRESS.free):
        world.clock.move(seconds=1)
        assert (await world.log_in()).user_id


async def test_guesses_are_forgotten_after_an_hour(world: AuthWorld) -> None:
    for _ in range(5):
        await guess(world)
    world.clock.move(hours=1, seconds=2)
    assert [await guess(world) for _ in range(5)] == ["WRONG_CREDENTIALS"] * 5


async def test_known_and_unknown_emails_cost_the_same_work_at_log_in(tmp_path: Path) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        await world.user()
        await guess(world, "first@example.com")
        documents.work.clear()
        await guess(world, EMAIL)
        known = list(documents.work)
        documents.work.clear()
        await guess(world, "nobody@example.com")
        assert documents.work == known
        assert documents.writes() == 2
    await documents.close()


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_guesses_never_wait_shorter(first: int, second: int) -> None:
    low, high = sorted((first, second))
    policy = throttling.PER_ACCOUNT
    assert throttling.delay_after(low, policy) <= throttling.delay_after(high, policy) <= policy.longest


def test_a_count_begins_anew_once_forgotten() -> None:
    policy = throttling.Policy(2, timedelta(minutes=1), timedelta(hours=1))
    attempts = throttling.Attempts()
    for _ in range(3):
        attempts = attempts.with_one_more(policy, START)
    assert attempts.wait(START) == timedelta(seconds=2)
    assert attempts.with_one_more(policy, START + timedelta(hours=2)).count == 1


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", ""),
        ("127.0.0.1", ""),
        ("::1", ""),
    ],
)
def test_an_ipv6_site_counts_as_one_client(address: str, group: str) -> None:
    assert throttling.address_group(address) == group
