"""TakeStatement: from the pieces of a form to an accepted upload, or to a refusal that leaves nothing."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator

import mesh.errors
from mesh import clock
from services.ingestion import domain, errors, ports
from services.ingestion.understanding import Signal, Understanding
from services.ingestion.usecases import incoming, receiving


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """The upload, what was understood of it, and whether the same bytes had been sent before."""

    upload: domain.Upload
    understanding: Understanding
    is_duplicate: bool


class TakeStatement:
    """The file is received and read apart; what is taken of it is accepted in one write."""

    def __init__(
        self,
        receive: receiving.Receive,
        uploads: ports.Uploads,
        statements: ports.Statements,
        time: clock.Clock,
        patience: domain.Patience,
    ) -> None:
        self._receive = receive
        self._uploads = uploads
        self._statements = statements
        self._clock = time
        self._patience = patience

    async def __call__(self, user_id: str, pieces: AsyncIterator[incoming.Piece]) -> Receipt:
        async with self._receive(user_id, pieces) as arrived:
            known = await self._uploads.find_same(user_id, arrived.digest)
            receipt = await self._repeated(known) if known else await self._taken(arrived)
            arrived.is_kept = not receipt.is_duplicate
            return receipt

    async def _taken(self, arrived: receiving.Arrived) -> Receipt:
        report = await self._read(arrived)
        upload = self._upload(arrived, report, await self._signals(arrived, report))
        contents = domain.Contents(report.understanding, arrived.digest, report.rows_digest)
        try:
            upload = await self._uploads.accept(arrived.reservation, upload, contents)
        except ports.SameBytesKept as error:
            return await self._raced(upload.user_id, arrived.digest, error)
        except ports.UploadChanged as error:
            raise errors.ConsentMissing from error  # only an erasure takes reservations of uploads that still arrive
        return Receipt(upload, report.understanding, is_duplicate=False)

    async def _read(self, arrived: receiving.Arrived) -> domain.Report:
        place = arrived.reservation
        async with self._receive.read(arrived, wants_rows=True) as reading:
            if not domain.is_taken(reading.report, accept_partial=arrived.form.accept_partial or False):
                raise domain.refusal(reading.report)
            await self._statements.keep(place.user_id, place.upload_id, ports.Part.ROWS, reading.rows)
            return reading.report

    async def _signals(self, arrived: receiving.Arrived, report: domain.Report) -> tuple[Signal, ...]:
        """What others' uploads say about this one now. The upload that was first with its rows is never touched."""
        if not report.rows_digest:
            return ()
        first = await self._uploads.first_owner(report.rows_digest)
        return () if first in (None, arrived.reservation.user_id) else (domain.ROWS_OF_ANOTHER,)

    def _upload(self, arrived: receiving.Arrived, report: domain.Report, signals: tuple[Signal, ...]) -> domain.Upload:
        now, understood = self._clock.now(), report.understanding
        return domain.Upload(
            id=arrived.reservation.upload_id,
            user_id=arrived.reservation.user_id,
            version=arrived.reservation.version,
            data_type=arrived.form.data_type or "bank_statement",
            source_country=arrived.form.source_country or arrived.consent.country,
            record_count=understood.transaction_count,
            rejected_count=report.rejected_count,
            first_date=understood.first_date,
            last_date=understood.last_date,
            currencies=understood.currencies,
            created_at=now,
            due_at=now + self._patience.stuck_after,
            signals=signals,
        )

    async def _raced(self, user_id: str, digest: bytes, error: ports.SameBytesKept) -> Receipt:
        known = await self._uploads.find_same(user_id, digest)
        if known is None:
            raise mesh.errors.Conflict from error  # it went again in between
        return await self._repeated(known)

    async def _repeated(self, known: domain.Upload) -> Receipt:
        if known.status is domain.Status.FAILED:
            again = known.queued_again(self._clock.now(), self._patience)
            with contextlib.suppress(ports.UploadChanged):  # somebody else has queued it, or it was processed just now
                await self._uploads.queue_again(again)
        whole = await self._uploads.find_whole(known.user_id, known.id)
        if whole is None:
            raise mesh.errors.Conflict  # it went just now
        upload, understanding = whole
        return Receipt(upload, understanding, is_duplicate=True)
