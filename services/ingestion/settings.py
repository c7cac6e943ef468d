"""Settings of the ingestion service, beside those of the mesh."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from mesh import settings

LEAST_READ_TIME_S = 30.0
_MIB = 1024 * 1024


def default_workers() -> int:
    """Half of the processors: analysis has the other half."""
    return max(1, (os.cpu_count() or 2) // 2)


def default_read_time_s(limit_bytes: int) -> float:
    """Four times what reading a file of that size takes on one slow processor (0.3 s a MiB)."""
    return max(LEAST_READ_TIME_S, round(limit_bytes / _MIB * 1.2, 1))


@dataclasses.dataclass(frozen=True)
class Settings:
    """`upload_limit_bytes`, `upload_time_limit_s`: of one upload.

    `workers`: processes that read files, each file for at most `read_time_limit_s` in at most `worker_memory_bytes`. An
    upload that is pending for `stuck_after_s` has its analysis asked for again, `stuck_tries` times, each waiting twice
    as long; the sweep looks for such every `sweep_interval_s`.
    """

    upload_limit_bytes: int = 25 * _MIB
    upload_time_limit_s: float = 300.0
    workers: int = dataclasses.field(default_factory=default_workers)
    read_time_limit_s: float = LEAST_READ_TIME_S
    worker_memory_bytes: int = 2048 * _MIB
    stuck_after_s: float = 120.0
    stuck_tries: int = 5
    sweep_interval_s: float = 15.0

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Read CREDPASS_* variables.

        Raises:
            SettingsError: a value is wrong; the message names the variable.
        """
        whole, span, is_ = settings.integer, settings.duration_s, cls()
        limit_bytes = whole(environ, "CREDPASS_UPLOAD_LIMIT_BYTES", is_.upload_limit_bytes, 1, 1024 * _MIB)
        return cls(
            upload_limit_bytes=limit_bytes,
            upload_time_limit_s=span(environ, "CREDPASS_UPLOAD_TIME_LIMIT", is_.upload_time_limit_s, 1, 3600),
            workers=whole(environ, "CREDPASS_INGESTION_WORKERS", is_.workers, 1, 64),
            read_time_limit_s=span(environ, "CREDPASS_READ_TIME_LIMIT", default_read_time_s(limit_bytes), 1, 3600),
            worker_memory_bytes=whole(
                environ, "CREDPASS_INGESTION_WORKER_MEMORY_BYTES", is_.worker_memory_bytes, 512 * _MIB, 1 << 40
            ),
            stuck_after_s=span(environ, "CREDPASS_STUCK_AFTER", is_.stuck_after_s, 1, 86_400),
            stuck_tries=whole(environ, "CREDPASS_STUCK_TRIES", is_.stuck_tries, 0, 20),
            sweep_interval_s=span(environ, "CREDPASS_SWEEP_INTERVAL", is_.sweep_interval_s, 0.1, 3600),
        )
