"""TakeStatement: from the pieces of a form to an accepted upload, or to a refusal that leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import mesh.errors
from mesh import clock, logs
from services.ingestion import domain, errors, ports
from services.ingestion.usecases import incoming

_LOG = logs.get()


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """Of one upload."""

    size_bytes: int
    time_s: float
    patience: domain.Patience

    @property
    def abandoned_after(self) -> timedelta:
        """A reservation older than this belongs to no upload that could still arrive."""
        return timedelta(seconds=2 * self.time_s)


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """The upload, and whether the same bytes had been sent before."""

    upload: domain.Upload
    is_duplicate: bool


class TakeStatement:
    """Consent first; then bytes are sealed as they stream, read apart, and accepted in one write."""

    def __init__(
        self,
        consents: ports.Consents,
        uploads: ports.Uploads,
        statements: ports.Statements,
        reader: ports.StatementReader,
        time: clock.Clock,
        bounds: Bounds,
    ) -> None:
        self._consents = consents
        self._uploads = uploads
        self._statements = statements
        self._reader = reader
        self._clock = time
        self._bounds = bounds

    async def __call__(self, user_id: str, pieces: AsyncIterator[incoming.Piece]) -> Receipt:
        consent = await self._consents.check(user_id)
        if not consent.allowed:
            raise errors.ConsentMissing
        try:
            async with asyncio.timeout(self._bounds.time_s):
                return await self._reserved(user_id, pieces, consent)
        except TimeoutError as error:
            raise mesh.errors.DeadlineExceeded("The upload took too long.") from error

    async def _reserved(self, user_id: str, pieces: AsyncIterator[incoming.Piece], consent: domain.Consent) -> Receipt:
        reservation = await self._uploads.reserve(user_id, self._clock.now())
        is_kept = False
        try:
            receipt = await self._received(reservation, incoming.IncomingForm(pieces, self._bounds.size_bytes), consent)
            is_kept = not receipt.is_duplicate
            return receipt
        finally:
            if not is_kept:
                await self._drop(reservation)

    async def _received(
        self, reservation: domain.Reservation, arriving: incoming.IncomingForm, consent: domain.Consent
    ) -> Receipt:
        user_id, upload_id = reservation.user_id, reservation.upload_id
        await self._statements.keep(user_id, upload_id, ports.Part.ORIGINAL, arriving.chunks())
        known = await self._uploads.find_same(user_id, arriving.digest)
        if known is not None:
            return await self._repeated(known)
        report = await self._read(reservation, arriving.form)
        upload = self._upload(reservation, arriving.form, report, consent)
        try:
            return Receipt(await self._uploads.accept(reservation, upload, arriving.digest), is_duplicate=False)
        except ports.SameBytesKept as error:
            return await self._raced(user_id, arriving.digest, error)
        except ports.UploadChanged as error:
            raise errors.ConsentMissing from error  # only an erasure takes reservations of uploads that still arrive

    async def _read(self, reservation: domain.Reservation, form: domain.Form) -> domain.Report:
        user_id, upload_id = reservation.user_id, reservation.upload_id

        def source() -> AsyncIterator[bytes]:
            return self._statements.read(user_id, upload_id, ports.Part.ORIGINAL)

        async with self._reader.read(source, form) as reading:
            if not domain.is_taken(reading.report, accept_partial=form.accept_partial or False):
                raise domain.refusal(reading.report)
            await self._statements.keep(user_id, upload_id, ports.Part.ROWS, reading.rows)
            return reading.report

    def _upload(
        self, reservation: domain.Reservation, form: domain.Form, report: domain.Report, consent: domain.Consent
    ) -> domain.Upload:
        now = self._clock.now()
        return domain.Upload(
            id=reservation.upload_id,
            user_id=reservation.user_id,
            version=reservation.version,
            data_type=form.data_type or "bank_statement",
            source_country=form.source_country or consent.country,
            record_count=report.record_count,
            rejected_count=report.rejected_count,
            first_date=report.first_date,
            last_date=report.last_date,
            currencies=report.currencies,
            created_at=now,
            due_at=now + self._bounds.patience.stuck_after,
        )

    async def _raced(self, user_id: str, digest: bytes, error: ports.SameBytesKept) -> Receipt:
        known = await self._uploads.find_same(user_id, digest)
        if known is None:
            raise mesh.errors.Conflict from error  # it went again in between
        return await self._repeated(known)

    async def _repeated(self, known: domain.Upload) -> Receipt:
        if known.status is domain.Status.FAILED:
            again = known.queued_again(self._clock.now(), self._bounds.patience)
            with contextlib.suppress(ports.UploadChanged):  # somebody else has queued it, or it was processed just now
                known = await self._uploads.queue_again(again)
        return Receipt(known, is_duplicate=True)

    async def _drop(self, reservation: domain.Reservation) -> None:
        """Leave nothing. What cannot be deleted now is found by the reservation later."""
        try:
            await self._statements.discard(reservation.user_id, reservation.upload_id)
            await self._uploads.release(reservation)
        except mesh.errors.ServiceError:
            _LOG.warning("a refused upload is left to the sweeper", uploadId=reservation.upload_id)
