"""Layouts of PDF statements: days printed once, amounts on a second line, marks apart from figures, titled parts."""

from __future__ import annotations

from analysis import statement
from tests.support import statement_writer as writer

_Line = list[tuple[float, str]]
_HEAD: list[_Line] = [
    [(40.0, "Example Bank")],
    [(40.0, "Statement 1 March 2024 to 31 March 2024")],
    [(40.0, "Date"), (110.0, "Details"), (360.0, "Paid out"), (430.0, "Paid in"), (510.0, "Balance")],
    [(40.0, "01 Mar 24"), (110.0, "BALANCE BROUGHT FORWARD"), writer.right(550, "100.00")],
]
_PLACES = (400.0, 470.0, 550.0)


def _line(day: str, text: str, *figures: str) -> _Line:
    cells = [writer.right(x, figure) for x, figure in zip(_PLACES, figures, strict=False) if figure]
    return [*([(40.0, day)] if day else []), (110.0, text), *cells]


def _read(lines: list[_Line]) -> list[tuple[str, int]]:
    parsed = statement.parse(writer.pdf(lines))
    assert not parsed.questions
    assert not parsed.problems
    return [(row.booked.isoformat(), row.amount_minor) for row in parsed.transactions]


def test_rows_under_a_day_that_is_printed_once() -> None:
    lines = [
        *_HEAD,
        _line("02 Mar 24", "ELECTRIC", "20.00"),
        _line("", "KIOSK", "5.00", "", "75.00"),
        _line("05 Mar 24", "SALARY", "", "1,000.00"),
        _line("", "BAKERY", "15.00", "", "1,060.00"),
        _line("", "BALANCE CARRIED FORWARD", "", "", "1,060.00"),
    ]

    assert _read(lines) == [("2024-03-02", -2000), ("2024-03-02", -500), ("2024-03-05", 100000), ("2024-03-05", -1500)]


def test_a_text_over_two_lines_with_its_figures_on_the_second() -> None:
    lines = [
        *_HEAD,
        _line("02 Mar 24", "Card payment to"),
        _line("", "CORNER SHOP", "20.00", "", "80.00"),
        _line("05 Mar 24", "SALARY", "", "1,000.00", "1,080.00"),
        _line("", "Example Ltd"),
        _line("08 Mar 24", "GAS", "30.00", "", "1,050.00"),
    ]

    assert _read(lines) == [("2024-03-02", -2000), ("2024-03-05", 100000), ("2024-03-08", -3000)]


def test_a_mark_of_money_in_behind_the_figure() -> None:
    lines: list[_Line] = [
        [(40.0, "Example Card"), (300.0, "Statement date 15 Mar 2024")],
        [(40.0, "Date"), (110.0, "Details"), (500.0, "Amount")],
        [(40.0, "20 FEB"), (110.0, "GROCER"), writer.right(540, "35.20")],
        [(40.0, "28 FEB"), (110.0, "PAYMENT"), writer.right(540, "200.00"), (543.0, "CR")],
        [(40.0, "02 MAR"), (110.0, "CAFE"), writer.right(540, "8.00")],
    ]

    assert _read(lines) == [("2024-02-20", -3520), ("2024-02-28", 20000), ("2024-03-02", -800)]


def test_figures_grouped_by_lakhs() -> None:
    lines: list[_Line] = [
        [(40.0, "Txn Date"), (110.0, "Narration"), (345.0, "Withdrawal"), (430.0, "Deposit"), (500.0, "Balance")],
        _line("02/04/2024", "RENT", "1,20,000.00", "", "3,80,000.00"),
        _line("15/04/2024", "SALARY", "", "2,00,000.00", "5,80,000.00"),
    ]

    assert _read(lines) == [("2024-04-02", -12000000), ("2024-04-15", 20000000)]


def test_titles_of_the_two_sides() -> None:
    def row(day: str, text: str, figure: str) -> _Line:
        return [(40.0, day), (110.0, text), writer.right(550, figure)]

    column_heads: _Line = [(40.0, "Date"), (110.0, "Description"), (515.0, "Amount")]
    parts = {
        "Deposits and other credits": [row("03/05", "ACME INC", "1,000.00"), row("03/19", "ACME INC", "1,000.00")],
        "Withdrawals and other debits": [row("03/07", "HILL MARKET", "50.00"), row("03/09", "CITY UTILITY", "30.00")],
        "Checks": [row("03/11", "1021", "75.00")],
    }
    head: list[_Line] = [[(40.0, "Example Union")], [(40.0, "Statement period: 03/01/2024 to 03/31/2024")]]
    each = [line for title, rows in parts.items() for line in ([(40.0, title)], column_heads, *rows)]
    once = [column_heads, *(line for title, rows in parts.items() for line in ([(40.0, title)], *rows))]
    wanted = [100000, -5000, -3000, -7500, 100000]

    assert [cents for _, cents in _read([*head, *each])] == wanted
    assert [cents for _, cents in _read([*head, *once])] == wanted


def test_titles_of_the_two_sides_in_a_table() -> None:
    text = "Date,Description,Amount\nMoney in\n03/15/2024,ACME,900.00\nMoney out\n03/16/2024,HILL MARKET,50.00\n"

    parsed = statement.parse(text.encode())

    assert [row.amount_minor for row in parsed.transactions] == [90000, -5000]
    assert "the titles above the rows say which way the money went" in parsed.notes
