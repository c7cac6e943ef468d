"""Signs that a statement was altered. Each is documented in docs/statements.md with its weight.

A sign is no proof: cut samples and careless exports show some of them too. The report feeds the credibility factor.
"""

from __future__ import annotations

import collections
import datetime
import hashlib
from collections.abc import Iterable, Sequence

from analysis.statement import dates, model

BALANCE_BREAKS = 0.35
FEW_BALANCE_BREAKS = 0.15
FUTURE_DATES = 0.4
IMPOSSIBLE_DAYS = 0.2
FOREIGN_ROWS = 0.8
_FINGERPRINT_ROWS = 8  # fewer amounts of a month could be alike by chance


def report(
    rows: Sequence[model.Transaction],
    problems: Sequence[model.Problem],
    verdict: model.Reconciliation,
    from_format: Sequence[model.TamperSignal],
    as_of: datetime.date | None,
) -> model.TamperReport:
    """All signals, strongest first, and their joint score."""
    return joined([*from_format, *_balances(verdict), *_future(rows, as_of), *_impossible(problems)])


def joined(signals: Iterable[model.TamperSignal]) -> model.TamperReport:
    """A report of these signals, strongest first; callers add what they alone can know to `report.signals`."""
    signals = list(signals)
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


def _impossible(problems: Sequence[model.Problem]) -> list[model.TamperSignal]:
    """Days like 31 April: no machine prints them, a hand that alters dates does."""
    rows = [problem.row for problem in problems if problem.code == "bad_date" and _is_no_day(problem.value)]
    if not rows:
        return []
    places = ", ".join(map(str, rows[:10]))
    return [
        model.TamperSignal(
            "impossible_days", IMPOSSIBLE_DAYS, f"{len(rows)} dates that no calendar has (rows {places})"
        )
    ]


def _is_no_day(cell: str) -> bool:
    parts = dates.read(cell)
    if parts is None or parts.third is None:
        return False
    ordered = (parts.second, parts.third) if parts.fixed == "ymd" and not parts.named else (parts.second, parts.first)
    if not parts.fixed and parts.first <= 12 < parts.second:
        ordered = parts.first, parts.second
    month, day = ordered
    return 1 <= month <= 12 and 29 <= day <= 31


def fingerprints(rows: Iterable[model.Transaction]) -> dict[str, str]:
    """Month ("2023-01") -> digest of its days and amounts, for months of at least eight rows.

    Neither format, wording nor account number enters it: equal digests of two owners mean the same rows. The digest is
    derived from private data, so callers keep it under a keyed hash.
    """
    months: dict[str, list[str]] = collections.defaultdict(list)
    for row in rows:
        if not row.pending:
            months[f"{row.booked:%Y-%m}"].append(f"{row.booked.day} {row.amount_minor} {row.currency}")
    return {
        month: hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
        for month, lines in months.items()
        if len(lines) >= _FINGERPRINT_ROWS
    }


def foreign_rows(months: Sequence[str]) -> model.TamperSignal:
    """The signal for months whose fingerprint another owner's statement has too."""
    evidence = f"the rows of {len(months)} months are also in another person's statement ({', '.join(months[:6])})"
    return model.TamperSignal("rows_of_another_owner", FOREIGN_ROWS, evidence)
