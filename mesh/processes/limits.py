"""What a pool and each of its workers may use."""

from __future__ import annotations

import dataclasses

MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """`time_s` is by the clock, `cpu_s` of the processor, both of one task; the rest speaks for itself.

    A worker is replaced after `tasks_per_worker` tasks or `input_per_worker_bytes`, since a heap seldom shrinks. The
    address space is held on Linux only: other kernels do not count it in a way that could be limited.
    """

    workers: int = 2
    waiting: int = 32
    time_s: float = 30.0
    cpu_s: int = 30
    start_s: float = 60.0
    address_space_bytes: int = 2048 * MIB
    output_bytes: int = 512 * MIB
    tasks_per_worker: int = 200
    input_per_worker_bytes: int = 256 * MIB
