"""A person's history: columns with what each row was for. Everything the features need, nothing after the as-of date.

Several accounts are one history: transfers between them are neither income nor spending, balances add up. Several
currencies are not converted (that would need rates from outside): money features speak of the main currency, the one
with the most rows; rows in other currencies count for punctuality, activity, longevity and diversity only, and their
share lowers credibility.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from analysis.preprocessors import balances, categories, columns, groups, pairs, streams, text
from analysis.preprocessors.columns import Bools, Floats, Ints

NOT_INCOME = ("refund", "loan_received", "short_term_loan", "savings", "investment", "own_transfer")
NOT_SPENDING = ("savings", "investment", "own_transfer")
# Kinds of obligation a person keeps or breaks. A recurring payment of unknown purpose counts when its amount is steady.
OBLIGATIONS = ("housing", "utilities", "telecom", "insurance", "loan_payment", "tax", "family", "subscription", "card_repayment")  # fmt: skip  # noqa: E501
_STEADY_AMOUNT = 0.05  # relative spread up to which a payment of unknown purpose is an obligation


@dataclasses.dataclass(frozen=True, slots=True)
class History:
    """`columns` with one entry a row for each of the others. Money in minor units, not negative, main currency only."""

    columns: columns.Columns
    categories: categories.Categories
    streams: streams.Streams
    balances: balances.DailyBalances | None
    main_currency: str
    in_main: Bools
    income: Floats
    spending: Floats  # purchases less what was refunded for them
    paired: Bools  # own transfers and refunded purchases
    payee: Ints
    obligation: Bools  # by stream
    income_stream: Bools  # by stream

    @property
    def first_day(self) -> int:
        return int(self.columns.day.min(initial=self.columns.as_of))

    @property
    def days(self) -> int:
        return self.columns.as_of - self.first_day


def of_columns(rows: columns.Columns) -> History:
    """Enrich `rows`: pair transfers and refunds, name purposes, find recurring streams, tell income from spending."""
    purpose = categories.of_rows(rows.text, rows.amount > 0, rows.texts)
    payee = _payees(rows)
    main, in_main = _main_currency(rows)
    transfers = pairs.own_transfers(rows)
    bought, returned = pairs.refunds(rows, payee, _refundable(purpose, transfers))
    found = _streams(rows, payee, purpose)
    regular = (found.of_row[returned] >= 0) | (found.of_row[bought] >= 0)
    bought, returned = bought[~regular], returned[~regular]
    paired = transfers.copy()
    paired[bought] = paired[returned] = True
    income = _money(rows, 1, in_main & ~paired & ~purpose.among(*NOT_INCOME))
    spending = _money(rows, -1, in_main & ~paired & ~purpose.among(*NOT_SPENDING))
    return History(
        rows, purpose, found, balances.daily(rows, in_main), main, in_main, income, spending, paired, payee,
        obligation=_obligations(found, purpose, rows, paired),
        income_stream=_streams_with(found, (rows.amount > 0) & ~paired & ~purpose.among(*NOT_INCOME, "interest")),
    )  # fmt: skip


def _money(rows: columns.Columns, sign: int, chosen: Bools) -> Floats:
    return np.where(chosen, np.maximum(sign * rows.amount, 0.0), 0.0)


def _payees(rows: columns.Columns) -> Ints:
    """Who is paid or pays: the counterparty where the bank names it, else the words of the text."""
    names = [text.plain(counterparty) if counterparty else text.words(said) for said, counterparty, _ in rows.texts]
    rank = {name: place for place, name in enumerate(sorted(set(names)))}
    by_text = np.array([rank[name] for name in names], np.int64)
    return by_text[rows.text] if len(by_text) else rows.text


def _main_currency(rows: columns.Columns) -> tuple[str, Bools]:
    counts: dict[str, int] = {}
    per_account = np.bincount(rows.account, minlength=len(rows.accounts)).tolist()
    for (_, currency), count in zip(rows.accounts, per_account, strict=True):
        counts[currency] = counts.get(currency, 0) + count
    main = min(counts, key=lambda code: (-counts[code], code), default="")
    in_main = np.array([currency == main for _, currency in rows.accounts], np.bool_)
    return main, in_main[rows.account] if len(in_main) else np.zeros(0, np.bool_)


def _refundable(purpose: categories.Categories, transfers: Bools) -> Bools:
    return ~transfers & ~purpose.among("salary", "pension", "benefit", "cash_in", "cash_out", *NOT_SPENDING)


def _streams(rows: columns.Columns, payee: Ints, purpose: categories.Categories) -> streams.Streams:
    currency = np.unique([code for _, code in rows.accounts], return_inverse=True)[1] if rows.accounts else np.zeros(0)
    key, _ = groups.codes(
        payee, (rows.amount > 0).astype(np.int64), purpose.category, currency.astype(np.int64)[rows.account]
    )
    return streams.find(key, rows.day, rows.amount, rows.as_of)


def _streams_with(found: streams.Streams, chosen: Bools) -> Bools:
    """Streams whose rows are all among `chosen`."""
    mine = found.of_row >= 0
    return groups.shares(chosen[mine], found.of_row[mine], len(found)) > 0.5


def _obligations(found: streams.Streams, purpose: categories.Categories, rows: columns.Columns, paired: Bools) -> Bools:
    out = (rows.amount < 0) & ~paired
    named = _streams_with(found, out & purpose.among(*OBLIGATIONS))
    unnamed = _streams_with(found, out & ~purpose.understood) & (found.amount_spread <= _STEADY_AMOUNT)
    return named | unnamed
