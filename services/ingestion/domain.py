"""Facts and rules about uploads: what a form may say, which statements are taken, how one status follows another."""

from __future__ import annotations

import dataclasses
import enum
import re
from datetime import datetime, timedelta

from mesh.errors import FieldViolation
from services.ingestion import errors
from services.ingestion.understanding import RowProblem, Signal, Understanding

ACCEPTED_LIMIT = 1_000  # of uploads of one user that go into one analysis

# The same rows came from somebody else before. Light: a joint account's statement rightly comes from both its owners.
ROWS_OF_ANOTHER = Signal("rows_of_another_owner", 0.3)

_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_YEARS = range(1970, 2101)
_NO_WORD = re.compile(r"\W+")
_CHOICES = {
    "data_type": ("bank_statement", "transaction_history"),
    "date_order": ("dmy", "mdy", "ymd"),
    "decimal": (".", ",", "minor"),
    "sign": ("credit", "debit"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """The fields beside the file; None where the form does not have the field."""

    data_type: str | None = None
    source_country: str | None = None
    accept_partial: bool | None = None
    file_name: str | None = None
    date_order: str | None = None
    decimal: str | None = None
    currency: str | None = None
    sign: str | None = None
    year: int | None = None

    def joined(self, more: Form) -> Form:
        """Both together. Raises InvalidForm for a field that both have, or a value that it cannot have."""
        given = {field.name: getattr(more, field.name) for field in dataclasses.fields(more)}
        given = {name: value for name, value in given.items() if value is not None}
        for name, value in given.items():
            if getattr(self, name) is not None:
                raise errors.InvalidForm.in_field(*_given_twice(name))
            _check(name, value)
        return dataclasses.replace(self, **given)


def _given_twice(name: str) -> tuple[str, str]:
    if name == "file_name":
        return "file", "The form has more than one file."
    return name, "The field is given twice."


def _check(name: str, value: object) -> None:
    allowed = _CHOICES.get(name)
    if allowed is not None and value not in allowed:
        raise errors.InvalidForm.in_field(name, f"Must be one of: {' '.join(allowed)}")
    if name == "source_country" and not _COUNTRY.fullmatch(str(value)):
        raise errors.InvalidForm.in_field(name, "Must be two upper-case letters, ISO 3166-1 alpha-2.")
    if name == "currency" and not _CURRENCY.fullmatch(str(value)):
        raise errors.InvalidForm.in_field(name, "Must be three upper-case letters, ISO 4217.")
    if name == "year" and value not in _YEARS:
        raise errors.InvalidForm.in_field(name, f"Must be a year from {_YEARS[0]} to {_YEARS[-1]}.")


@dataclasses.dataclass(frozen=True, slots=True)
class Consent:
    """Whether a user's data may be processed now, and the country of residence if so."""

    allowed: bool
    country: str


@dataclasses.dataclass(frozen=True, slots=True)
class OpenPoint:
    """Something the file cannot settle: sending it again with the form's `field` set to a candidate does."""

    field: str
    candidates: tuple[str, ...]
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What was read of a file. `rows_digest`: SHA-256 of what its rows move; empty where they are too few to tell."""

    understanding: Understanding
    rejected_count: int = 0
    open_points: tuple[OpenPoint, ...] = ()
    rows_digest: bytes = b""


def is_taken(report: Report, *, accept_partial: bool) -> bool:
    """Whether the statement's clean rows are kept."""
    whole = accept_partial or report.rejected_count == 0
    return whole and report.understanding.transaction_count > 0 and not report.open_points


def refusal(report: Report) -> errors.UnreadableStatement | errors.InvalidRows | errors.OpenQuestion:
    """Why a statement that is not taken is refused."""
    if report.open_points:
        return errors.OpenQuestion(violations=tuple(_open_violation(point) for point in report.open_points))
    if report.rejected_count:
        return errors.InvalidRows(
            metadata={"problem_count": str(report.understanding.problem_count)},
            violations=tuple(_row_violation(problem) for problem in report.understanding.problems),
        )
    return errors.UnreadableStatement("There is no transaction in the file.")


def _open_violation(point: OpenPoint) -> FieldViolation:
    wanted = f"one of: {' '.join(point.candidates)}" if point.candidates else "what is right"
    return FieldViolation(point.field, f"{point.why}; send {wanted}")


def _row_violation(problem: RowProblem) -> FieldViolation:
    # The file's own name of the column as part of a field path: "Booking date" is booking_date.
    column = _NO_WORD.sub("_", problem.column).strip("_").lower()
    place = f".{column}" if column else ""
    return FieldViolation(f"rows[{problem.row}]{place}", problem.reason)


class Status(enum.StrEnum):
    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """Outcome: scored, insufficient_data or failed. `completed_at`: when its analysis was done, None without one."""

    outcome: str
    messages: tuple[str, ...] = ()
    analysis_id: str = ""
    completed_at: datetime | None = None

    def supersedes(self, other: Result | None) -> bool:
        """Whether an upload with the other result takes this one: of two analyses the later counts, however told."""
        if other is None or other.completed_at is None or self.completed_at is None:
            return self != other
        return self != other and self.completed_at >= other.completed_at


@dataclasses.dataclass(frozen=True, slots=True)
class Reservation:
    """The place of an upload that is still arriving: durable before its first byte, so that a crash leaves a trace."""

    upload_id: str
    user_id: str
    version: int
    begun_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """An accepted statement. `due_at` is when a pending one counts as stuck; `tries` how often that was answered.

    `is_excluded`: its analysis failed for good, so that it goes into none until the same file is sent again. `signals`
    come from beside the file and speak of others too: they go to the analysis and are never shown.
    """

    id: str
    user_id: str
    version: int
    data_type: str
    source_country: str
    record_count: int
    rejected_count: int
    first_date: str
    last_date: str
    currencies: tuple[str, ...]
    created_at: datetime
    due_at: datetime
    status: Status = Status.PENDING
    tries: int = 0
    is_excluded: bool = False
    result: Result | None = None
    signals: tuple[Signal, ...] = ()

    def processed(self, result: Result) -> Upload:
        """As it is once an analysis that covers it is done."""
        return dataclasses.replace(self, status=Status.PROCESSED, is_excluded=False, result=result)

    def failed(self, message: str, *, is_excluded: bool) -> Upload:
        """As it is once its analysis is given up."""
        result = Result("failed", (message,))
        return dataclasses.replace(self, status=Status.FAILED, is_excluded=is_excluded, result=result)

    def queued_again(self, now: datetime, patience: Patience) -> Upload:
        """As it is when the file of a failed upload is sent again."""
        due_at = now + patience.stuck_after
        return dataclasses.replace(self, status=Status.PENDING, is_excluded=False, result=None, tries=0, due_at=due_at)

    def postponed(self, now: datetime, patience: Patience) -> Upload:
        """As it is when its analysis could not even be asked for: that is no try."""
        return dataclasses.replace(self, due_at=now + patience.stuck_after)

    def tried(self, now: datetime, patience: Patience) -> Upload:
        """As it is after one more request for its analysis: each waits twice as long as the one before."""
        due_at = now + patience.stuck_after * 2 ** (self.tries + 1)
        return dataclasses.replace(self, tries=self.tries + 1, due_at=due_at)


@dataclasses.dataclass(frozen=True, slots=True)
class Contents:
    """What is kept of a file beside the upload: what was understood, and SHA-256 of its bytes and of its rows."""

    understanding: Understanding
    file_digest: bytes
    rows_digest: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """How long an upload may stay pending before its analysis is asked for again, and how often that is done."""

    stuck_after: timedelta
    tries: int


WITHDRAWN_MESSAGE = "Consent was withdrawn before the analysis. It is made when consent is given again."
GIVEN_UP_MESSAGE = "The analysis did not succeed. Send the file again to have it tried once more."
