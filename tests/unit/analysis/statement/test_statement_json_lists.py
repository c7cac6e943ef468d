"""JSON of no known dialect: which of its lists hold the transactions, and of which account."""

from __future__ import annotations

import json
from typing import Any

from analysis import statement

_FIRST = [
    {"date": "2024-03-02", "amount": -5.5, "description": "Kiosk"},
    {"date": "2024-03-03", "amount": 9.5, "description": "Anna"},
]
_SECOND = [{"date": "2024-03-04", "amount": 70.25, "description": "Ola"}]


def _rows(document: Any) -> list[statement.Transaction]:
    return list(statement.parse(json.dumps(document).encode()).transactions)


def test_the_lists_of_all_accounts_are_read() -> None:
    accounts = [
        {"id": "A-100", "currency": "EUR", "updated": "2024-03-20", "balance": 100.5, "transactions": _FIRST},
        {"id": "A-200", "currency": "SEK", "updated": "2024-03-20", "balance": 7.5, "transactions": _SECOND},
    ]

    found = [(row.account, row.amount_minor, row.currency) for row in _rows({"accounts": accounts})]

    assert found == [("A-100", -550, "EUR"), ("A-100", 950, "EUR"), ("A-200", 7025, "SEK")]
    assert [row.amount_minor for row in _rows({"giro": _FIRST, "savings": _SECOND})] == [-550, 950, 7025]


def test_parts_of_a_payment_and_balances_of_days_are_no_transactions() -> None:
    parts = [{"date": "2024-03-02", "amount": -2.5}, {"date": "2024-03-02", "amount": -3.0}]
    days = [{"date": f"2024-03-{day:02d}", "balance": 100.5 + day} for day in range(1, 9)]

    document = {"balances": days, "transactions": [{**_FIRST[0], "splits": parts}, {**_FIRST[1], "splits": []}]}

    assert [row.amount_minor for row in _rows(document)] == [-550, 950]


def test_a_list_that_is_called_pending_is() -> None:
    rows = _rows({"transactions": _FIRST, "pendingTransactions": _SECOND})

    assert [row.pending for row in rows] == [False, False, True]


def test_a_number_written_as_digits_and_scale() -> None:
    rows = _rows(
        [
            {
                "amount": {"currencyCode": "EUR", "value": {"scale": "1", "unscaledValue": "-130"}},
                "booked": "2024-03-02",
            },
            {
                "amount": {"currencyCode": "EUR", "value": {"scale": "2", "unscaledValue": "2505"}},
                "booked": "2024-03-04",
            },
        ]
    )

    assert [(row.amount_minor, row.currency) for row in rows] == [(-1300, "EUR"), (2505, "EUR")]


def test_the_moment_of_booking_goes_before_that_of_a_record() -> None:
    day, later = 1709380800, 1709553600  # 2 and 4 March 2024

    rows = _rows(
        [
            {"createdDate": later, "amount": -4.05, "postedDate": day, "text": "Kiosk"},
            {"createdDate": later, "amount": 20.5, "postedDate": day, "text": "Anna"},
        ]
    )

    assert {row.booked.isoformat() for row in rows} == {"2024-03-02"}


def test_several_accounts_of_one_dialect_in_a_file() -> None:
    def page(iban: str, amount: str) -> dict[str, Any]:
        booked = {"bookingDate": "2024-03-02", "transactionAmount": {"amount": amount, "currency": "EUR"}}
        return {"account": {"iban": iban}, "transactions": {"booked": [booked], "pending": []}}

    rows = _rows([page("DE89370400440532013000", "-5.00"), page("DE02120300000000202051", "7.00")])

    assert {(row.account[:4], row.amount_minor) for row in rows} == {("DE89", -500), ("DE02", 700)}
    assert rows[0].currency == "EUR"


def test_a_flag_called_pending_makes_no_dialect() -> None:
    rows = _rows([{**row, "pending": False} for row in _FIRST])

    assert [row.amount_minor for row in rows] == [-550, 950]
