"""A change that another one crossed is made again, from a fresh read, a few times."""

from __future__ import annotations

import pytest

from mesh import errors
from services.auth.usecases import retrying


class Crossed:
    """A step that another change crosses so many times."""

    def __init__(self, times: int) -> None:
        self.left, self.tried = times, 0

    async def __call__(self) -> int:
        self.tried += 1
        self.left -= 1
        if self.left >= 0:
            raise errors.Conflict
        return self.tried


async def test_a_step_that_was_crossed_is_made_again() -> None:
    assert await retrying.on_conflict(Crossed(0)) == 1
    assert await retrying.on_conflict(Crossed(4)) == 5


async def test_a_step_that_is_always_crossed_is_given_up() -> None:
    always = Crossed(100)
    with pytest.raises(errors.Conflict):
        await retrying.on_conflict(always)
    assert always.tried == 5


async def test_what_is_no_conflict_is_not_tried_again() -> None:
    tried = []

    async def step() -> None:
        tried.append(1)
        raise errors.Unavailable

    with pytest.raises(errors.Unavailable):
        await retrying.on_conflict(step)
    assert tried == [1]
