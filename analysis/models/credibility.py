"""How far the data behind a score can be believed: a factor in 0.70..1 that speaks of data quality only.

Nothing a person does with their money moves it. Each reason takes its own share off, up to a limit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from analysis.preprocessors.quality import QualityReport

LOWEST = 0.70
_BROKEN_LINKS, _BROKEN_LINKS_MOST = 0.15, 0.20  # deduction, and the share of broken links that earns all of it
_TAMPER = 0.20
_PROBLEM_ROWS, _PROBLEM_ROWS_MOST = 0.10, 0.20
_NOT_UNDERSTOOD, _UNDERSTOOD_ENOUGH = 0.08, 0.60
_OTHER_CURRENCY, _OTHER_CURRENCY_FREE = 0.10, 0.10
_NO_BALANCES = 0.03


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """`deduction` is taken off the factor."""

    code: str
    explanation: str
    deduction: float


@dataclasses.dataclass(frozen=True, slots=True)
class Credibility:
    """`factor` in 0.70..1."""

    factor: float
    reasons: tuple[Reason, ...]


def of_quality(report: QualityReport) -> Credibility:
    """The factor and each reason for it; the order is by weight."""
    reasons = sorted(_reasons(report), key=lambda reason: (-reason.deduction, reason.code))
    factor = max(LOWEST, 1.0 - sum(reason.deduction for reason in reasons))
    return Credibility(round(factor, 4), tuple(reasons))


def _reasons(report: QualityReport) -> Iterable[Reason]:
    yield from _balances(report)
    if report.tamper_score > 0:
        taken = _TAMPER * report.tamper_score
        yield Reason("signs_of_tampering", "The file shows signs of having been changed.", taken)
    if report.problem_share > 0:
        taken = _PROBLEM_ROWS * min(report.problem_share / _PROBLEM_ROWS_MOST, 1.0)
        yield Reason("unreadable_rows", f"{report.problem_rows} rows of the statement could not be read.", taken)
    if report.understood_share < _UNDERSTOOD_ENOUGH:
        taken = _NOT_UNDERSTOOD * (1.0 - report.understood_share / _UNDERSTOOD_ENOUGH)
        known = f"{report.understood_share:.0%}"
        yield Reason("texts_not_understood", f"The purpose of only {known} of the bookings is known.", taken)
    if report.other_currency_share > _OTHER_CURRENCY_FREE:
        yield Reason(
            "other_currencies",
            f"{report.other_currency_share:.0%} of the bookings are in other currencies than {report.main_currency} "
            "and not counted as money.",
            _OTHER_CURRENCY * report.other_currency_share,
        )


def _balances(report: QualityReport) -> Iterable[Reason]:
    if report.links == 0:
        yield Reason("no_balances", "The statement prints no balances to check its rows against.", _NO_BALANCES)
    elif report.links_held < report.links:
        broken = report.links - report.links_held
        share = broken / report.links
        taken = _BROKEN_LINKS * min(share / _BROKEN_LINKS_MOST, 1.0)
        text = f"{broken} of {report.links} balances do not follow from the rows."
        yield Reason("balances_do_not_add_up", text, taken)
