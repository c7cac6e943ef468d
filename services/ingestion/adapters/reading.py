"""The reader of statements over `mesh.processes`: no file is parsed in the service's own process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson

from mesh import clock, logs, processes
from services.ingestion import domain, errors, ports
from services.ingestion.adapters import understood

WORK_MODULE = "services.ingestion.adapters.reading_work"
_WORK = f"{WORK_MODULE}:read"
_LOG = logs.get()


class PooledReader:
    """`ports.StatementReader`."""

    def __init__(self, pool: processes.Pool, time: clock.Clock, limit_bytes: int) -> None:
        self._pool = pool
        self._clock = time
        self._limit_bytes = limit_bytes

    @contextlib.asynccontextmanager
    async def read(self, source: ports.Source, form: domain.Form, *, wants_rows: bool) -> AsyncIterator[ports.Reading]:
        with _lost_work_is_unreadable():
            async with self._pool.task(_WORK, self._arguments(form, wants_rows), source()) as outputs:
                head = orjson.loads(await anext(outputs))
                if "refused" in head:
                    raise errors.UnreadableStatement(head["refused"])
                yield ports.Reading(_report(head["report"]), outputs)

    def _arguments(self, form: domain.Form, wants_rows: bool) -> dict[str, Any]:
        return {
            "wants_rows": wants_rows,
            "file_name": form.file_name or "",
            "accept_partial": form.accept_partial or False,
            "date_order": form.date_order,
            "decimal": form.decimal,
            "currency": form.currency,
            "sign": form.sign,
            "year": form.year,
            "limit_bytes": self._limit_bytes,
            "today": self._clock.now().date().isoformat(),
        }


@contextlib.contextmanager
def _lost_work_is_unreadable() -> Iterator[None]:
    try:
        yield
    except processes.TimeLimitExceeded as error:
        raise errors.UnreadableStatement("The file takes too long to read.") from error
    except processes.MemoryLimitExceeded as error:
        raise errors.UnreadableStatement("The file takes too much memory to read.") from error
    except processes.WorkFailed as error:
        _LOG.error("reading a statement failed", errorClass=error.error_class)
        raise errors.UnreadableStatement from error
    except processes.WorkLost as error:
        _LOG.error("the worker that read a statement died")
        raise errors.UnreadableStatement from error


def _report(head: dict[str, Any]) -> domain.Report:
    return domain.Report(
        understanding=understood.of_fields(head["understanding"]),
        rejected_count=head["rejected_count"],
        open_points=tuple(
            domain.OpenPoint(point["field"], tuple(point["candidates"]), point["why"]) for point in head["open_points"]
        ),
        rows_digest=bytes.fromhex(head["rows_digest"]),
    )
