"""What taking a statement and looking at one have in common: consent, a place for the file, leaving nothing."""

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
    """Of one file."""

    size_bytes: int
    time_s: float
    patience: domain.Patience

    @property
    def abandoned_after(self) -> timedelta:
        """A reservation older than this belongs to no upload that could still arrive."""
        return timedelta(seconds=2 * self.time_s)


@dataclasses.dataclass(slots=True)
class Arrived:
    """A file that lies sealed in its place, and the form around it. It goes again unless `is_kept` is set."""

    reservation: domain.Reservation
    consent: domain.Consent
    form: domain.Form = dataclasses.field(default_factory=domain.Form)
    digest: bytes = b""
    is_kept: bool = False


class Receive:
    """Consent first; then bytes are sealed as they stream: memory stays flat, and a crash leaves no clear text."""

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

    @contextlib.asynccontextmanager
    async def __call__(self, user_id: str, pieces: AsyncIterator[incoming.Piece]) -> AsyncIterator[Arrived]:
        """The file, for as long as the block runs and its time lasts."""
        consent = await self._consents.check(user_id)
        if not consent.allowed:
            raise errors.ConsentMissing
        try:
            async with asyncio.timeout(self._bounds.time_s):
                reservation = await self._uploads.reserve(user_id, self._clock.now())
                arrived = Arrived(reservation, consent)
                try:
                    await self._keep(arrived, pieces)
                    yield arrived
                finally:
                    if not arrived.is_kept:
                        await self._drop(reservation)
        except TimeoutError as error:
            raise mesh.errors.DeadlineExceeded("The upload took too long.") from error

    @contextlib.asynccontextmanager
    async def read(self, arrived: Arrived, *, wants_rows: bool) -> AsyncIterator[ports.Reading]:
        """What is in the file. Raises UnreadableStatement."""
        place = arrived.reservation

        def source() -> AsyncIterator[bytes]:
            return self._statements.read(place.user_id, place.upload_id, ports.Part.ORIGINAL)

        async with self._reader.read(source, arrived.form, wants_rows=wants_rows) as reading:
            yield reading

    async def _keep(self, arrived: Arrived, pieces: AsyncIterator[incoming.Piece]) -> None:
        form, place = incoming.IncomingForm(pieces, self._bounds.size_bytes), arrived.reservation
        await self._statements.keep(place.user_id, place.upload_id, ports.Part.ORIGINAL, form.chunks())
        arrived.form, arrived.digest = form.form, form.digest

    async def _drop(self, reservation: domain.Reservation) -> None:
        """Leave nothing. What cannot be deleted now is found by the reservation later."""
        try:
            await self._statements.discard(reservation.user_id, reservation.upload_id)
            await self._uploads.release(reservation)
        except mesh.errors.ServiceError:
            _LOG.warning("a file that is not kept is left to the sweeper", uploadId=reservation.upload_id)
