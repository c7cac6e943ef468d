"""A bounded pool of worker processes for work that must neither block the event loop nor be trusted with it.

A worker is a fresh interpreter (never a fork of a process in which gRPC runs) under resource limits, with an
environment of its own, that can write no file. Work is a function named by its path, `module:function`, of this shape:

    def work(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterable[bytes]

`arguments` is JSON; `source` yields the chunks as they were sent, `work` yields chunks of its own. Nothing is unpickled
on either side, so that a worker that was taken over by its input can say nothing but bytes.
"""

from __future__ import annotations

from mesh.processes.errors import MemoryLimitExceeded, TimeLimitExceeded, WorkerDied, WorkFailed, WorkLost
from mesh.processes.limits import Limits
from mesh.processes.pool import Pool, nothing

__all__ = [
    "Limits",
    "MemoryLimitExceeded",
    "Pool",
    "TimeLimitExceeded",
    "WorkFailed",
    "WorkLost",
    "WorkerDied",
    "nothing",
]
