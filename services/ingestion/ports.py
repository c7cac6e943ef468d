"""What the ingestion service needs from the world, in its own words."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.ingestion import domain
from services.ingestion.understanding import Understanding

Source = Callable[[], AsyncIterator[bytes]]


class Consents(Protocol):
    """Where consent to data processing stands."""

    async def check(self, user_id: str) -> domain.Consent:
        """Consent of a user as it is now."""
        ...


class Analyses(Protocol):
    """Where analyses are asked for."""

    async def request(self, user_id: str, cause: str) -> None:
        """Queue an analysis of everything of the user's that is accepted."""
        ...


class SameBytesKept(Exception):
    """The same user has an upload of the same bytes already."""


class UploadChanged(Exception):
    """The upload (or reservation) is not what it was when it was read: somebody else wrote, or it is gone."""


class Uploads(Protocol):
    """The record of uploads. Reservations are of uploads that are still arriving and are found by nothing else."""

    async def reserve(self, user_id: str, now: datetime) -> domain.Reservation:
        """Make a place for an upload; durable when it returns."""
        ...

    async def release(self, reservation: domain.Reservation) -> None:
        """Give the place up; harmless when it is gone."""
        ...

    async def abandoned(self, begun_before: datetime, limit: int) -> list[domain.Reservation]:
        """Reservations that were begun before then."""
        ...

    async def accept(
        self, reservation: domain.Reservation, upload: domain.Upload, contents: domain.Contents
    ) -> domain.Upload:
        """Turn the reservation into `upload` and tell of it, in one write. Raises SameBytesKept, UploadChanged."""
        ...

    async def find_same(self, user_id: str, digest: bytes) -> domain.Upload | None:
        """The user's accepted upload of a file with this SHA-256."""
        ...

    async def first_owner(self, rows_digest: bytes) -> str | None:
        """The user whose accepted upload was the first with these rows, as long as their account is there."""
        ...

    async def find(self, user_id: str, upload_id: str) -> domain.Upload | None:
        """An accepted upload, if it is this user's."""
        ...

    async def find_whole(self, user_id: str, upload_id: str) -> tuple[domain.Upload, Understanding] | None:
        """The same, with what was understood of it."""
        ...

    async def page(self, user_id: str, size: int, after: Place | None) -> list[domain.Upload]:
        """Accepted uploads, newest first, those after a place."""
        ...

    async def accepted(self, user_id: str, limit: int) -> list[domain.Upload]:
        """The newest uploads that go into an analysis, oldest first."""
        ...

    async def stuck(self, due_before: datetime, limit: int) -> list[domain.Upload]:
        """Pending uploads whose time is over, the most overdue first."""
        ...

    async def save(self, upload: domain.Upload) -> domain.Upload:
        """Write an upload that is still at its version. Raises UploadChanged."""
        ...

    async def queue_again(self, upload: domain.Upload) -> domain.Upload:
        """Write an upload and tell of it as of a new one, in one write. Raises UploadChanged."""
        ...

    async def forget(self, user_id: str, limit: int) -> int:
        """Delete up to `limit` uploads and reservations of a user; how many there were."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A place in the list of a user's uploads: right after this one."""

    created_at: datetime
    upload_id: str


class Part(enum.StrEnum):
    """What is kept of a statement: the file as it came, and its canonical rows."""

    ORIGINAL = "original"
    ROWS = "rows"


class Statements(Protocol):
    """Where statements lie, encrypted under their owner's key."""

    async def keep(self, user_id: str, upload_id: str, part: Part, chunks: AsyncIterator[bytes]) -> None:
        """Seal and store; durable when it returns, nothing is there when it raises."""
        ...

    def read(self, user_id: str, upload_id: str, part: Part) -> AsyncIterator[bytes]:
        """What was kept, in pieces. Raises UploadNotFound when it, or the key to it, is gone."""
        ...

    async def discard(self, user_id: str, upload_id: str) -> None:
        """Delete all parts; harmless when there are none."""
        ...

    async def discard_all(self, user_id: str) -> None:
        """Delete everything of a user."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A file as read. The canonical rows end with the context; there are none unless they are wanted and taken."""

    report: domain.Report
    rows: AsyncIterator[bytes]


class StatementReader(Protocol):
    """Reads files of any known format, apart from this process."""

    def read(self, source: Source, form: domain.Form, *, wants_rows: bool) -> AbstractAsyncContextManager[Reading]:
        """Read what `source` gives, with the hints of the form. Raises UnreadableStatement, Overloaded."""
        ...
