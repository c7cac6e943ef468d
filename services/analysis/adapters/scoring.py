"""The engine over `mesh.processes`: no score is computed in the service's own process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import date

import orjson

import mesh.errors
from mesh import logs, processes
from services.analysis import domain, errors, ports
from services.analysis.adapters import findings

WORK_MODULE = "services.analysis.adapters.scoring_work"
_WORK = f"{WORK_MODULE}:score"
_UPLOAD_NUMBER_BYTES = 4
_FINDINGS_LIMIT_BYTES = 4 * 1024 * 1024
_LOG = logs.get()


class PooledEngine:
    """`ports.Engine`."""

    def __init__(self, pool: processes.Pool) -> None:
        self._pool = pool

    async def analyse(self, rows: ports.Rows, today: date) -> domain.Findings:
        arguments = {"today": today.isoformat()}
        try:
            found = await self._pool.call(_WORK, arguments, _numbered(rows), _FINDINGS_LIMIT_BYTES)
        except processes.WorkerDied as error:
            # Maybe the statements' doing, maybe not: tried again a bounded number of times, then dead-lettered.
            raise mesh.errors.Internal from error
        except processes.WorkLost as error:
            _LOG.error("an analysis failed", error=str(error))
            raise errors.Unanalysable from error
        return findings.of_fields(orjson.loads(found))


async def _numbered(rows: ports.Rows) -> AsyncIterator[bytes]:
    """Chunks that say which upload they are of, by a number that grows with each; the first of each are its doubts."""
    number, current = -1, None
    async with contextlib.aclosing(rows):
        async for piece in rows:
            if piece.upload_id != current:
                number, current = number + 1, piece.upload_id
                yield number.to_bytes(_UPLOAD_NUMBER_BYTES, "big") + orjson.dumps(piece.doubts)
            yield number.to_bytes(_UPLOAD_NUMBER_BYTES, "big") + piece.rows
