"""What the driver raises, as the mesh knows it: logged here with all there is, answered neutral."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from bson import errors as bson_errors
from pymongo import errors as driver

from mesh import errors, logs

LOG = logs.get()
RETRY_AFTER_S = 1.0
DUPLICATE_CODES = frozenset({11000, 11001, 12582})
# FerretDB answers an update that a unique index refuses with the words of the database below it.
DUPLICATE_WORDS = ("E11000", "UNIQUE constraint failed", "duplicate key value violates unique constraint")


@contextlib.contextmanager
def neutral() -> Iterator[None]:
    """Turn what the driver raises into `errors.Unavailable` or `errors.Overloaded`; duplicates are caught further in.

    Raises TypeError or ValueError for what BSON cannot hold.
    """
    try:
        yield
    except driver.WaitQueueTimeoutError as error:
        LOG.warning("no connection to the document server is free", error=error)
        raise errors.Overloaded(retry_after_s=RETRY_AFTER_S) from error
    except driver.DocumentTooLarge as error:
        raise ValueError("The document is larger than the server takes.") from error
    except bson_errors.BSONError as error:
        raise TypeError("The document holds something that cannot be stored.") from error
    except driver.PyMongoError as error:
        raise unavailable(error, getattr(error, "code", None)) from error


def unavailable(error: driver.PyMongoError, code: int | None) -> errors.Unavailable:
    """The answer to a failure that is logged here."""
    LOG.error("the document server failed", code=code, error=error)
    return errors.Unavailable(retry_after_s=RETRY_AFTER_S)


def is_duplicate(error: Exception) -> bool:
    """Whether a unique index (or the id's) refused a write."""
    if not isinstance(error, driver.OperationFailure):
        return False
    return (
        error.code in DUPLICATE_CODES or _says_duplicate(error.details or {}) or _says_duplicate({"errmsg": str(error)})
    )


def _says_duplicate(details: Mapping[str, Any]) -> bool:
    return any(words in str(details.get("errmsg", "")) for words in DUPLICATE_WORDS)


def only_duplicates(error: driver.BulkWriteError) -> list[int]:
    """The places of the documents that a bulk insert found taken. Raises `errors.Unavailable` if more went wrong."""
    failures = error.details.get("writeErrors", [])
    others = [failure for failure in failures if not _tells_duplicate(failure)]
    if others or error.details.get("writeConcernErrors"):
        raise unavailable(error, others[0].get("code") if others else None) from error
    return [failure["index"] for failure in failures]


def _tells_duplicate(failure: Mapping[str, Any]) -> bool:
    return failure.get("code") in DUPLICATE_CODES or _says_duplicate(failure)


def key_pattern(error: driver.OperationFailure) -> tuple[str, ...]:
    """The fields of the index that refused, as MongoDB (not FerretDB) names them; empty where it does not."""
    pattern = (error.details or {}).get("keyPattern", {})
    return tuple("id" if field == "_id" else field.removeprefix("data.") for field in pattern)
