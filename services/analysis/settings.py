"""Settings of the analysis service, beside those of the mesh."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from mesh import settings

_MIB = 1024 * 1024


def default_workers() -> int:
    """Half of the processors: ingestion has the other half."""
    return max(1, (os.cpu_count() or 2) // 2)


@dataclasses.dataclass(frozen=True)
class Settings:
    """`workers`: processes that run the engine, each for at most `time_limit_s` in at most `worker_memory_bytes`."""

    workers: int = dataclasses.field(default_factory=default_workers)
    time_limit_s: float = 60.0
    worker_memory_bytes: int = 4096 * _MIB

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Read CREDPASS_* variables.

        Raises:
            SettingsError: a value is wrong; the message names the variable.
        """
        is_ = cls()
        return cls(
            workers=settings.integer(environ, "CREDPASS_ANALYSIS_WORKERS", is_.workers, 1, 64),
            time_limit_s=settings.duration_s(environ, "CREDPASS_ANALYSIS_TIME_LIMIT", is_.time_limit_s, 1, 240),
            worker_memory_bytes=settings.integer(
                environ, "CREDPASS_ANALYSIS_WORKER_MEMORY_BYTES", is_.worker_memory_bytes, 512 * _MIB, 1 << 40
            ),
        )
