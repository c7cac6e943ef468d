"""Workbooks of several sheets, where a movement counts once, and formulas that nobody has calculated."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import statement
from analysis.statement import draft, repeated_sheets
from tests.support import statement_writer as writer

_HEAD = ("Date", "Text", "Amount")
_Row = tuple[datetime.date, str, float]


def _month(number: int) -> list[_Row]:
    return [(datetime.date(2023, number, day), f"shop {day}", -float(number * 10 + day)) for day in range(2, 8)]


def _sheet(rows: Sequence[_Row]) -> list[Sequence[str | float | datetime.date]]:
    return [_HEAD, *rows]


JANUARY, FEBRUARY, MARCH = _month(1), _month(2), _month(3)


def _read(*sheets: Sequence[_Row]) -> statement.ParsedStatement:
    return statement.parse(writer.workbook(*map(_sheet, sheets)))


def _total(rows: Sequence[_Row]) -> int:
    return round(sum(amount for _, _, amount in rows) * 100)


def test_months_and_a_sheet_of_them_all_count_once_wherever_that_sheet_stands() -> None:
    every = [*JANUARY, *FEBRUARY]

    for sheets in ((every, JANUARY, FEBRUARY), (JANUARY, FEBRUARY, every)):
        parsed = _read(*sheets)

        assert sum(row.amount_minor for row in parsed.transactions) == _total(every)
        assert not parsed.problems
        assert sum("was left out" in note for note in parsed.notes) == 2


def test_months_on_sheets_of_their_own_are_all_taken() -> None:
    parsed = _read(JANUARY, FEBRUARY, MARCH)

    assert sum(row.amount_minor for row in parsed.transactions) == _total([*JANUARY, *FEBRUARY, *MARCH])
    assert (len(parsed.transactions), parsed.problems) == (18, ())


def test_rows_that_two_sheets_share_count_once_and_are_a_problem() -> None:
    parsed = _read(JANUARY, [*JANUARY[2:], (datetime.date(2023, 1, 9), "fee", -1.0)])

    assert len(parsed.transactions) == len(JANUARY) + 1
    assert [(problem.row, problem.value, problem.code) for problem in parsed.problems] == [
        (2, "sheet 2", "repeated_rows")
    ]


def test_the_same_figures_under_other_texts_count_once_and_are_a_problem() -> None:
    renamed = [(day, "category", amount) for day, _, amount in JANUARY]

    parsed = _read([*JANUARY, *FEBRUARY], renamed)

    assert len(parsed.transactions) == 12
    assert [problem.code for problem in parsed.problems] == ["repeated_rows"]


def test_a_few_rows_alike_on_two_sheets_are_all_movements() -> None:
    fee = (datetime.date(2023, 1, 31), "fee", -1.0)

    parsed = _read([*JANUARY, fee, fee], [*FEBRUARY, fee, fee])

    assert (len(parsed.transactions), parsed.problems) == (16, ())


def test_rows_repeated_on_one_sheet_stay_as_often_as_it_shows_them() -> None:
    twice = [*JANUARY, *JANUARY]

    parsed = _read(twice, JANUARY)

    assert len(parsed.transactions) == len(twice)


def test_a_sheet_of_the_sums_of_months_is_a_problem_and_no_money() -> None:
    sums = [
        (datetime.date(2023, 1, 31), "January", _total(JANUARY) / 100),
        (datetime.date(2023, 2, 28), "February", _total(FEBRUARY) / 100),
    ]

    parsed = _read(sums, JANUARY, FEBRUARY)

    assert sum(row.amount_minor for row in parsed.transactions) == _total([*JANUARY, *FEBRUARY])
    assert [(problem.value, problem.code) for problem in parsed.problems] == [("sheet 1", "summary_rows")]


def test_more_sheets_than_are_read_are_refused_and_not_left_out() -> None:
    sheet = [(datetime.date(2023, 1, 9), "fee", -1.0)]

    assert len(_read(*[sheet] * 60).transactions) == 60
    with pytest.raises(statement.LimitExceeded, match="60 sheets"):
        _read(*[sheet] * 61)


def test_a_formula_without_result_in_a_movement_is_a_problem_that_shows_it() -> None:
    rows = [("2023-01-13", "Shop", -1.5)] * 3
    book = writer.workbook([_HEAD, *rows, ("2023-01-14", "Rent", writer.Formula("C2*2")), ("2023-01-15", "Pay", 9.0)])

    parsed = statement.parse(book)

    assert [row.amount_minor for row in parsed.transactions] == [-150, -150, -150, 900]
    assert [(problem.row, problem.column, problem.value) for problem in parsed.problems] == [(5, "Amount", "=C2*2")]
    assert any("without a stored result" in note for note in parsed.notes)


def test_a_total_without_result_below_the_rows_is_no_problem() -> None:
    book = writer.workbook([_HEAD, *[("2023-01-13", "Shop", -1.5)] * 3, (None, "Total", writer.Formula("SUM(C2:C4)"))])

    assert statement.parse(book).problems == ()


def test_a_workbook_of_formulas_without_results_is_refused_with_what_to_do() -> None:
    book = writer.workbook([_HEAD, *[("2023-01-13", "Shop", writer.Formula("A1*3"))] * 3])

    with pytest.raises(statement.NoTransactionsFound, match="open the workbook and save it again"):
        statement.parse(book)


def test_a_formula_without_result_in_xml_of_2003_is_a_problem_that_shows_it() -> None:
    book = writer.spreadsheet_xml([_HEAD, *[("2023-01-13", "Shop", -1.5)] * 3, ("2023-01-14", "Rent", None)])
    book = book.replace(b"<Cell/>", b'<Cell ss:Formula="=R[-1]C*2"/>')

    parsed = statement.parse(book)

    assert [(problem.row, problem.value) for problem in parsed.problems] == [(5, "=R[-1]C*2")]


_MOVEMENTS = st.builds(
    lambda day, cents, text: draft.DraftRow(1, datetime.date(2023, 1, day), Decimal(cents) / 100, text=text),
    st.integers(1, 3), st.sampled_from((-300, -200, 100)), st.sampled_from(("", "shop", "rent")),
)  # fmt: skip


def _figures(rows: Sequence[draft.DraftRow]) -> collections.Counter[tuple[datetime.date, Decimal]]:
    return collections.Counter((row.booked, row.amount) for row in rows)


@given(st.lists(st.lists(_MOVEMENTS, max_size=8), min_size=2, max_size=4))
def test_sheets_together_have_a_movement_as_often_as_one_of_them_and_never_oftener_than_all(
    sheets: list[list[draft.DraftRow]],
) -> None:
    problems = draft.Problems("", 100)

    kept = repeated_sheets.once([repeated_sheets.Page(*page) for page in enumerate(sheets, 1)], problems, [])

    found = _figures([row for rows in kept.values() for row in rows])
    assert found <= _figures([row for rows in sheets for row in rows])
    if all(problem.code != "summary_rows" for problem in problems.kept):
        assert all(_figures(rows) <= found for rows in sheets)
