"""What tells that two files hold the same movements, whoever sent them and in whatever format they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from analysis import statement

# Fewer rows may be alike by chance, and give no score anyway.
LEAST_ROWS = 30


def of_rows(rows: Sequence[statement.Transaction]) -> bytes:
    """SHA-256 of days and amounts, in any order; empty for fewer than `LEAST_ROWS` rows.

    Names, texts and account numbers do not count: they are what is changed in somebody else's statement, whereas
    changed amounts have to add up again.
    """
    if len(rows) < LEAST_ROWS:
        return b""
    moved = sorted((row.booked.toordinal(), row.amount_minor, row.currency) for row in rows)
    return hashlib.sha256(repr(moved).encode()).digest()
