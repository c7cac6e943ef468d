"""Refusals: the whole file cannot be read. Row-level trouble is a `model.Problem`, never an exception."""

from __future__ import annotations


class StatementRefused(Exception):
    """The file as a whole cannot be read as a statement.

    `code` is stable and machine-readable, `reason` is a sentence for the person who sent the file. Neither carries
    the file's contents. `row` (1-based physical line) and `column` say where reading stopped, when that is known.
    """

    code = "refused"

    def __init__(self, reason: str, *, row: int | None = None, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        self.column = column

    def __reduce__(self) -> tuple[object, ...]:
        # Parsing runs in worker processes: the keyword arguments must survive the pickling on the way back.
        return _rebuilt, (type(self), self.reason, self.row, self.column)


def _rebuilt(kind: type[StatementRefused], reason: str, row: int | None, column: str | None) -> StatementRefused:
    return kind(reason, row=row, column=column)


class EmptyStatement(StatementRefused):
    """No bytes, or only blank ones."""

    code = "empty"


class UnknownFormat(StatementRefused):
    """The content is none of the formats that are read here."""

    code = "unknown_format"


class NoTransactionsFound(StatementRefused):
    """The format is readable, yet nothing in it is a statement's row."""

    code = "no_transactions"


class MalformedStatement(StatementRefused):
    """The content breaks the rules of its own format."""

    code = "malformed"


class LimitExceeded(StatementRefused):
    """Larger, longer, wider or deeper than the limits of the caller."""

    code = "limit_exceeded"


class PasswordProtected(StatementRefused):
    """The document is encrypted and cannot be opened without a password."""

    code = "password_protected"


class ScannedDocument(StatementRefused):
    """The document holds pictures of text and no text."""

    code = "scanned_document"
