"""The registry of reasons: what a feature's points are called when they are explained. Codes never change meaning.

Texts are filled with the facts of `analysis.explainability.facts`. A bad reason is specific enough to be the principal
reason of an adverse-action notice (ECOA, Regulation B, 12 CFR 1002.9(b)(2)).
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """`months`: the monthly sums that prove it (fields of `analysis.models.months.Months`)."""

    feature: str
    good_code: str
    good: str
    bad_code: str
    bad: str
    months: tuple[str, ...] = ()
    advice: str = ""
    good_zero: str = ""  # instead of `good` when the value is exactly zero


REASONS = (
    Reason(
        "on_time_rate",
        "payments_on_time", "{on_time} of {due} recurring payments over {months} months were made on time",
        "payments_late_or_missed", "{not_on_time} of {due} recurring payments over {months} months were late or missed",
        ("due", "on_time"), "Pay rent, bills and instalments on their due day, by standing order or direct debit",
    ),
    Reason(
        "payment_delay_days",
        "payments_prompt", "Recurring payments came {value:.1f} days after their due day on average",
        "payments_delayed", "Recurring payments came {value:.1f} days after their due day on average",
        ("made",), "Move due days to shortly after pay day, so that recurring payments are not delayed",
    ),
    Reason(
        "recurring_payments_per_month",
        "payments_on_record", "{value:.1f} recurring payments a month stand on record",
        "few_payments_on_record", "Only {value:.1f} recurring payments a month stand on record",
        ("due",), "Pay recurring bills from this account, by standing order, so that they count as kept",
    ),
    Reason(
        "penalty_events_per_year",
        "no_penalties", "{penalties} days with penalties or returned payments in {months} months",
        "penalties", "{penalties} days with penalty interest, returned payments or dunning in {months} months",
        ("penalties",), "Keep enough in the account for direct debits, so that none is returned or charged",
        "No penalties and no returned payments in {months} months",
    ),
    Reason(
        "overdraft_day_share",
        "no_overdraft", "The balance was below zero on {percent} of the days",
        "days_below_zero", "The balance was below zero on {percent} of the days",
        ("below_zero_days",), "Keep the balance above zero at the end of every day",
        "The balance was never below zero at the end of a day",
    ),
    Reason(
        "income_shortfall",
        "income_even", "In an average month income falls short of the usual one by {percent}",
        "income_uneven", "In an average month income falls short of the usual one by {percent}",
        ("income",), "", "No month in which income fell short of the usual one",
    ),
    Reason(
        "recurring_income_share",
        "income_regular", "{percent} of the income comes at regular intervals",
        "income_irregular", "Only {percent} of the income comes at regular intervals",
        ("income", "recurring_income"),
    ),
    Reason(
        "income_trend",
        "income_growing", "Income of the later half of the history is {signed_percent} against the earlier half",
        "income_falling", "Income of the later half of the history is {signed_percent} against the earlier half",
        ("income",),
    ),
    Reason(
        "recent_income_ratio",
        "income_recent_kept", "Income of the last three months was {percent} of the usual income",
        "income_recent_drop", "Income of the last three months was only {percent} of the usual income",
        ("income",),
    ),
    Reason(
        "income_source_months",
        "income_source_lasting", "The longest regular income has been paid for {value:.0f} months",
        "income_source_new", "The longest regular income still paid is {value:.0f} months old",
        ("recurring_income",),
    ),
    Reason(
        "spending_to_income",
        "spends_within_income", "Spending is {percent} of income over {months} months",
        "spends_most_of_income", "Spending is {percent} of income over {months} months",
        ("income", "spending"), "Spend a smaller part of your income",
    ),
    Reason(
        "loss_month_share",
        "few_loss_months", "Spending exceeded income in {percent} of the months",
        "loss_months", "Spending exceeded income in {percent} of the months",
        ("income", "spending"), "Avoid months in which more is spent than earned",
        "No month in which spending exceeded income",
    ),
    Reason(
        "spending_swing",
        "spending_even", "Monthly spending stays within {percent} of its usual level on average",
        "spending_uneven", "Monthly spending is {percent} away from its usual level on average",
        ("spending",), "Spread large purchases, so that monthly spending is more even",
    ),
    Reason(
        "debt_share",
        "debt_low", "Debt service takes {percent} of income",
        "debt_high", "Debt service takes {percent} of income",
        ("income", "debt"), "", "No payments on loans or credit cards",
    ),
    Reason(
        "risky_share",
        "no_risky_spending", "Gambling and short-term loans are {percent} of spending",
        "risky_spending", "Gambling and short-term loans are {percent} of spending",
        ("spending", "risky"), "Reduce spending on gambling and short-term loans",
        "No spending on gambling or short-term loans",
    ),
    Reason(
        "balance_months",
        "balance_high", "The mean balance covers {value:.1f} months of spending",
        "balance_low", "The mean balance covers only {value:.1f} months of spending",
        ("balance_sum", "spending"), "Build a reserve: keep more in the account or in savings",
    ),
    Reason(
        "lowest_balance_months",
        "low_point_safe", "At the usual low point of a month the balance still covers {value:.1f} months of spending",
        "low_point_near_zero", "At the usual low point of a month the balance covers {value:.1f} months of spending",
        ("lowest",), "Keep a buffer that is still there on the day before pay day",
    ),
    Reason(
        "balance_swing",
        "balance_even", "The balance swings by {percent} of its mean",
        "balance_uneven", "The balance swings by {percent} of its mean",
        ("balance_sum", "lowest"), "Keep a larger steady reserve, so that the balance swings less",
    ),
    Reason(
        "balance_trend",
        "balance_growing", "The balance changed by {value:+.1f} months of spending a year",
        "balance_falling", "The balance changed by {value:+.1f} months of spending a year",
        ("balance_sum",), "Let the balance grow a little every month",
    ),
    Reason(
        "surplus_month_share",
        "surplus_months", "A tenth of the income or more was left over in {percent} of the months",
        "few_surplus_months", "A tenth of the income or more was left over in only {percent} of the months",
        ("income", "spending"), "Leave a tenth of your income over in more months",
    ),
    Reason(
        "history_months",
        "history_long", "{value:.0f} months of account history",
        "history_short", "Only {value:.0f} months of account history",
        ("rows",),
    ),
    Reason(
        "bookings_per_month",
        "account_active", "{value:.0f} bookings a month",
        "account_little_used", "Only {value:.0f} bookings a month",
        ("rows",),
    ),
    Reason(
        "longest_gap_days",
        "no_gaps", "Never more than {value:.0f} days without a booking",
        "gap_in_history", "{value:.0f} days without any booking",
        ("rows",),
    ),
    Reason(
        "income_sources",
        "several_income_sources", "Income comes from {value:.1f} independent sources in effect",
        "single_income_source", "Income comes from {value:.1f} independent sources in effect",
        ("income",),
    ),
    Reason(
        "obligation_kinds",
        "several_obligations_kept", "{value:.0f} kinds of recurring obligation are being kept",
        "few_obligations", "Only {value:.0f} kinds of recurring obligation are visible",
        ("due",),
    ),
    Reason(
        "account_kinds",
        "several_account_kinds", "{value:.0f} kinds of account or asset are visible",
        "single_account_kind", "{value:.0f} kind of account or asset is visible",
        (), "Add the statement of a savings account, or start regular savings",
    ),
)  # fmt: skip

BY_FEATURE = {reason.feature: reason for reason in REASONS}

# What an institution sees: one phrase a dimension, by level; never a number.
PUBLIC = {
    "paymentConsistency": (
        "Strong payment history",
        "Mostly punctual payments",
        "Mixed payment history",
        "Weak payment history",
    ),
    "incomeStability": (
        "Stable income pattern",
        "Mostly stable income",
        "Uneven income",
        "Unstable income",
    ),
    "spendingBehavior": (
        "Well-controlled spending",
        "Spending mostly within income",
        "Spending close to income",
        "Spending above means",
    ),
    "savingsPattern": (
        "Strong savings buffer",
        "Moderate savings buffer",
        "Small savings buffer",
        "Little or no savings buffer",
    ),
    "accountLongevity": (
        "Long account history",
        "Established account history",
        "Short account history",
        "Very short account history",
    ),
    "financialDiversity": (
        "Diverse financial profile",
        "Moderately diverse financial profile",
        "Narrow financial profile",
        "Very narrow financial profile",
    ),
}
