"""What is done from time to time: asking again for analyses that do not come, removing what refused uploads left."""

from __future__ import annotations

import contextlib

import mesh.errors
from mesh import clock, logs
from services.ingestion import domain, ports
from services.ingestion.usecases import receiving

_LOG = logs.get()
_AT_ONCE = 100
CAUSE = "stuck upload"
# Not reaching the analysis service says nothing about the upload.
_PASSING = (
    mesh.errors.Kind.UNAVAILABLE,
    mesh.errors.Kind.DEADLINE_EXCEEDED,
    mesh.errors.Kind.RESOURCE_EXHAUSTED,
)


class SweepStuckUploads:
    """Asks once a user for the analysis of uploads that are overdue; gives those up that were tried often enough."""

    def __init__(
        self,
        uploads: ports.Uploads,
        consents: ports.Consents,
        analyses: ports.Analyses,
        time: clock.Clock,
        patience: domain.Patience,
    ) -> None:
        self._uploads = uploads
        self._consents = consents
        self._analyses = analyses
        self._clock = time
        self._patience = patience

    async def __call__(self) -> None:
        stuck = await self._uploads.stuck(self._clock.now(), _AT_ONCE)
        for user_id in dict.fromkeys(upload.user_id for upload in stuck):
            await self._sweep(user_id, [upload for upload in stuck if upload.user_id == user_id])

    async def _sweep(self, user_id: str, stuck: list[domain.Upload]) -> None:
        consent = await self._consents.check(user_id)
        is_asked = consent.allowed and await self._request(user_id, stuck)
        for upload in stuck:
            with contextlib.suppress(ports.UploadChanged):  # its analysis was done meanwhile
                await self._uploads.save(self._swept(upload, consent, is_asked=is_asked))

    async def _request(self, user_id: str, stuck: list[domain.Upload]) -> bool:
        """Whether the analysis was asked for, as far as any upload still has a try."""
        if all(upload.tries >= self._patience.tries for upload in stuck):
            return True
        try:
            await self._analyses.request(user_id, CAUSE)
        except mesh.errors.ServiceError as error:
            _LOG.warning("an analysis could not be requested", userId=user_id, reason=error.reason)
            return error.kind not in _PASSING
        return True

    def _swept(self, upload: domain.Upload, consent: domain.Consent, *, is_asked: bool) -> domain.Upload:
        if not consent.allowed:
            return upload.failed(domain.WITHDRAWN_MESSAGE, is_excluded=False)
        if upload.tries >= self._patience.tries:
            return upload.failed(domain.GIVEN_UP_MESSAGE, is_excluded=True)
        now = self._clock.now()
        return upload.tried(now, self._patience) if is_asked else upload.postponed(now, self._patience)


class RemoveAbandoned:
    """Removes what uploads left that ended in a crash: their blobs, then their reservation."""

    def __init__(
        self, uploads: ports.Uploads, statements: ports.Statements, time: clock.Clock, bounds: receiving.Bounds
    ) -> None:
        self._uploads = uploads
        self._statements = statements
        self._clock = time
        self._bounds = bounds

    async def __call__(self) -> None:
        begun_before = self._clock.now() - self._bounds.abandoned_after
        for reservation in await self._uploads.abandoned(begun_before, _AT_ONCE):
            await self._statements.discard(reservation.user_id, reservation.upload_id)
            await self._uploads.release(reservation)
