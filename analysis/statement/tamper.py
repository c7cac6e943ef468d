"""Signs that a statement was altered. Each is documented in docs/statements.md with its weight.

A sign is no proof: cut samples and careless exports show some of them too. The report feeds the credibility factor.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from analysis.statement import model

BALANCE_BREAKS = 0.35
FEW_BALANCE_BREAKS = 0.15
CLOSING_DIFFERS = 0.3
FUTURE_DATES = 0.4
IMPOSSIBLE_DAYS = 0.2


def report(
    rows: Sequence[model.Transaction],
    verdict: model.Reconciliation,
    from_format: Sequence[model.TamperSignal],
    as_of: datetime.date | None,
) -> model.TamperReport:
    """All signals, strongest first, and their joint score."""
    signals = [*from_format, *_balances(verdict), *_future(rows, as_of)]
    clean = 1.0
    for signal in signals:
        clean *= 1.0 - signal.weight
    ordered = sorted(signals, key=lambda signal: -signal.weight)
    return model.TamperReport(round(1.0 - clean, 4), tuple(ordered))


def _balances(verdict: model.Reconciliation) -> list[model.TamperSignal]:
    broken = verdict.links_checked - verdict.links_held
    if not broken:
        return []
    where = ", ".join(str(gap.row) for gap in verdict.breaks[:10])
    evidence = f"{broken} of {verdict.links_checked} balances do not follow from the rows before them (rows {where})"
    few = broken * 50 <= verdict.links_checked
    return [model.TamperSignal("balance_breaks", FEW_BALANCE_BREAKS if few else BALANCE_BREAKS, evidence)]


def _future(rows: Sequence[model.Transaction], as_of: datetime.date | None) -> list[model.TamperSignal]:
    if as_of is None:
        return []
    late = [row for row in rows if row.booked > as_of and not row.pending]
    if not late:
        return []
    places = ", ".join(str(row.row) for row in late[:10])
    return [
        model.TamperSignal("future_dates", FUTURE_DATES, f"{len(late)} booked rows lie in the future (rows {places})")
    ]
