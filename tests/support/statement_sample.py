"""One small statement in the manner of a bank, and what is in it."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """Amounts are in major units; `flagged` says that a problem or a question is due."""

    name: str
    text: str
    rows: int
    money_in: str
    money_out: str
    first: str | None = None
    last: str | None = None
    currency: str | None = None
    flagged: bool = False
    encoding: str = "utf-8"
