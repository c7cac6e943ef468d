"""The one shape of a service: a server, workers, a relay and jobs, started together and drained together."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from mesh.events import worker


@dataclasses.dataclass(frozen=True)
class Registration:
    """A servicer and how it is added: `add` is the generated `add_XServicer_to_server`.

    `name`: full name of the contract's service, such as "credpass.auth.v1.AuthService".
    """

    name: str
    add: Callable[[Any, grpc.aio.Server], None]
    servicer: Any


@dataclasses.dataclass(frozen=True)
class Job:
    """Something done every `interval_s` seconds, never overlapping itself; a failed run is logged."""

    name: str
    interval_s: float
    run: Callable[[], Awaitable[None]]


@dataclasses.dataclass(frozen=True)
class Service:
    """A service as its bootstrap builds it. `name`: short, such as "auth"; its certificate carries it."""

    name: str
    registrations: tuple[Registration, ...]
    subscriptions: tuple[worker.Subscription, ...] = ()
    jobs: tuple[Job, ...] = ()
