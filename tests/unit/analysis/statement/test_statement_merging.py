"""Overlapping uploads: nothing lost, nothing counted twice."""

from __future__ import annotations

import dataclasses
import datetime

from analysis import statement

_DAY = datetime.date(2023, 1, 10)


def _row(cents: int, text: str, *, day: int = 0, **more: object) -> statement.Transaction:
    row = statement.Transaction("A", _DAY + datetime.timedelta(days=day), cents, "EUR", text, 1)
    return dataclasses.replace(row, **more)  # type: ignore[arg-type]


def test_two_identical_rows_of_one_upload_are_both_kept() -> None:
    coffee = _row(-250, "coffee")

    assert len(statement.merge([[coffee, coffee], [coffee, coffee]])) == 2
    assert len(statement.merge([[coffee], [coffee, coffee]])) == 2


def test_another_wording_of_the_same_row_is_no_second_row() -> None:
    first = [_row(-1, "start", day=-5), _row(-250, "CARD 123 COFFEE"), _row(-1, "end", day=5)]
    second = [_row(-1, "start", day=-5), _row(-250, "Kaffeehaus"), _row(-1, "end", day=5)]

    assert len(statement.merge([first, second])) == 3


def test_different_rows_of_the_same_amount_where_two_uploads_meet_are_both_kept() -> None:
    first = [_row(-1, "start", day=-5), _row(-250, "coffee")]
    second = [_row(-250, "bus"), _row(-1, "end", day=5)]

    assert len(statement.merge([first, second])) == 4


def test_a_day_printed_in_another_order_is_not_counted_twice() -> None:
    def upload(first: int, second: int) -> list[statement.Transaction]:
        day = [_row(-250, "coffee", balance_minor=first), _row(-250, "bus", balance_minor=second)]
        return [_row(-1, "start", day=-5), *day, _row(-1, "end", day=5)]

    assert len(statement.merge([upload(750, 500), upload(500, 750)])) == 4


def test_a_pending_row_gives_way_to_the_booked_one() -> None:
    merged = statement.merge([[_row(-250, "coffee", pending=True)], [_row(-250, "coffee")]])

    assert [row.pending for row in merged] == [False]


def test_rows_of_other_accounts_never_meet() -> None:
    merged = statement.merge([[_row(-250, "coffee")], [_row(-250, "coffee", account="B")]])

    assert len(merged) == 2
