"""Rotation of the keys that access tokens are signed with."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from mesh import clock
from services.auth import ports
from services.auth.domain import signing


@dataclasses.dataclass(frozen=True, slots=True)
class ListSigningKeys:
    """Public keys, the current one first."""

    keys: ports.SigningKeys
    clock: clock.Clock

    async def __call__(self) -> list[signing.SigningKey]:
        return signing.current_first(await self.keys.all(), self.clock.now())


@dataclasses.dataclass(frozen=True, slots=True)
class RotateSigningKeys:
    """Makes the first key, and the next one when the newest is a period old; forgets those nobody holds a token of.
    Run at the start and periodically; several processes may, since a generation is made once.
    """

    keys: ports.SigningKeys
    clock: clock.Clock
    period: timedelta

    async def __call__(self) -> None:
        keys, now = await self.keys.all(), self.clock.now()
        if not keys:
            await self.keys.add(signing.FIRST_GENERATION, now)
        elif signing.is_rotation_due(keys, now, self.period):
            newest = max(key.generation for key in keys)
            await self.keys.add(newest + 1, now + signing.OVERLAP)
        for key in signing.retired(keys, now):
            await self.keys.remove(key.generation)
