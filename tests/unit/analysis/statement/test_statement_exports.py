"""Exports that are tables by another name: HTML and XML named .xls, JSON lines, labelled lines, columns of spaces."""

from __future__ import annotations

import datetime
import json

import pytest

from analysis import statement
from tests.support import statement_formats
from tests.support import statement_writer as writer

_EXPORTS = ("html-xls", "xml-xls", "json-lines", "labelled")
_WRITERS = {name: statement_formats.FORMATS[name][1] for name in _EXPORTS} | {"columns": statement_formats.fixed_width}


@pytest.mark.parametrize("name", _WRITERS)
def test_every_kind_of_export_gives_its_movements(name: str) -> None:
    movements = statement_formats.life(3)

    parsed = statement.parse(_WRITERS[name](movements), file_name="export.xls")

    assert [(row.booked, row.amount_minor, row.text) for row in parsed.transactions] == [
        (one.booked, one.cents, one.text) for one in movements
    ]
    assert (parsed.currencies, parsed.problems, parsed.questions) == (("EUR",), (), ())
    assert parsed.reconciliation.status == ("no_balances" if name == "json-lines" else "chains")


def _page(table: str) -> bytes:
    return f"<!DOCTYPE html><html><head><title>x</title></head><body>{table}</body></html>".encode()


_ROWS = (
    "<tr><td>13.01.2023</td><td>Caf&eacute;&nbsp;A</td><td>-1,50</td></tr>"
    "<tr><td>14.01.2023</td><td>Lohn</td><td>900,00</td></tr>"
)
_TWO_LEVELS = (
    "<tr><th rowspan=2>Datum</th><th rowspan='2'>Text</th><th colspan=1>Umsatz</th></tr><tr><th>Betrag EUR</th></tr>"
)
_HEADED = f"<tr><th>Datum</th><th>Text</th><th>Betrag EUR</th></tr>{_ROWS}"


@pytest.mark.parametrize(
    "table",
    [
        f"<table>{_HEADED}</table>",
        f"<TABLE><THEAD>{_HEADED.upper().replace('&EACUTE;&NBSP;', '&eacute; ')}</TABLE>",
        f"<table><tr><td><table>{_HEADED}</table></td><td>advertising</td></tr></table>",
        f"<style>td {{ }}</style><table><!-- <tr><td>x --><script>'<tr>'</script>{_HEADED}</table>",
        f"<table>{_TWO_LEVELS}{_ROWS}</table>",
        f"<table>{_HEADED.replace('</td>', '').replace('</tr>', '').replace('</th>', '')}",
    ],
    ids=["plain", "capitals", "nested", "comments", "spans", "unclosed"],
)
def test_html_tables_are_read_however_they_are_nested(table: str) -> None:
    parsed = statement.parse(_page(table))

    assert [(row.amount_minor, row.currency) for row in parsed.transactions] == [(-150, "EUR"), (90000, "EUR")]
    assert parsed.transactions[0].text.casefold() == "café a"
    assert not parsed.problems


def test_an_amount_over_two_rows_of_html_counts_once() -> None:
    table = (
        "<table><tr><th>Date</th><th>Text</th><th>Amount</th></tr><tr><td rowspan=2>2023-01-13</td><td>Shop</td>"
        "<td rowspan=2>-1.50</td></tr><tr><td>in town</td></tr>"
        "<tr><td>2023-01-14</td><td>Pay</td><td>2.00</td></tr></table>"
    )

    assert [row.amount_minor for row in statement.parse(_page(table)).transactions] == [-150, 200]


@pytest.mark.parametrize(
    ("table", "bounds"),
    [
        ("<table>" * 70 + _HEADED, statement.Limits()),
        (f"<table>{_HEADED}</table>", statement.Limits(rows=2)),
        ("<table><tr>" + "<td>x</td>" * 300, statement.Limits()),
        ("<table><tr><td colspan=9999>x</td>", statement.Limits()),
    ],
    ids=["nesting", "rows", "cells", "colspan"],
)
def test_html_keeps_the_limits(table: str, bounds: statement.Limits) -> None:
    with pytest.raises(statement.LimitExceeded):
        statement.parse(_page(table), limits=bounds)


@pytest.mark.parametrize("kept", ["<td>14.01.2023</td><td>Lohn</td><td>90", "<td>14.01.2023</td>"])
def test_html_that_ends_within_a_row_is_refused(kept: str) -> None:
    head, _, _ = _ROWS.partition("<td>14")

    with pytest.raises(statement.MalformedStatement):
        statement.parse(f"<table><tr><th>Datum</th><th>Text</th><th>Betrag EUR</th></tr>{head}{kept}".encode())


def test_html_is_read_in_the_encoding_that_it_names() -> None:
    page = _page(f"<table>{_HEADED}</table>").replace(b"<title>", b'<meta charset="windows-1251"><title>')

    parsed = statement.parse(page.replace(b"Lohn", "Зарплата".encode("cp1251")))

    assert parsed.transactions[1].text == "Зарплата"


_SHEET = writer.spreadsheet_xml([["Date", "Text", "Amount"], ["2023-01-13", "Shop", -1.5], ["2023-01-14", "Pay", 2.0]])


def test_a_document_type_in_a_spreadsheet_of_2003_is_refused() -> None:
    bomb = _SHEET.replace(b"<Workbook", b'<!DOCTYPE a [<!ENTITY b "x">]><Workbook')

    with pytest.raises(statement.MalformedStatement):
        statement.parse(bomb)


def test_cells_of_a_spreadsheet_of_2003_stand_where_their_index_says() -> None:
    moved = _SHEET.replace(
        b'<Cell><Data ss:Type="String">Pay</Data></Cell><Cell>',
        b'<Cell ss:Index="3" ss:Formula="=1+1">',
    )

    parsed = statement.parse(moved)

    assert [(row.amount_minor, row.text) for row in parsed.transactions] == [(-150, "Shop"), (200, "")]
    assert [signal.code for signal in parsed.tamper.signals] == ["formula_cells"]


@pytest.mark.parametrize(("mark", "first"), [(b"", "2023-01-13"), (b"<Date1904/>", "2027-01-14")])
def test_bare_days_of_a_spreadsheet_of_2003_count_from_its_epoch(mark: bytes, first: str) -> None:
    rows: list[list[str | float | datetime.date | None]] = [["Date", "Text", "Amount"], [44939, "a", -1.5]]
    book = writer.spreadsheet_xml([*rows, [44940, "b", 2.0]])

    parsed = statement.parse(book.replace(b"<Worksheet", mark + b"<Worksheet"))

    assert str(parsed.first_date) == first


def test_a_broken_line_of_json_is_named() -> None:
    lines = [json.dumps({"date": f"2023-01-{day}", "amount": 1.5, "text": "a"}) for day in (13, 14, 15)]
    lines[1] = lines[1][:-5]

    with pytest.raises(statement.MalformedStatement) as caught:
        statement.parse("\n".join([lines[0], lines[2], lines[1]]).encode())

    assert caught.value.row == 3


def test_labels_before_a_csv_table_do_not_hide_it() -> None:
    text = (
        "Account: 1\nDate: 31/01/2023\nAmount: 150.00\n\nDate,Text,Amount\n30/01/2023,Shop,-1.50\n31/01/2023,Pay,2.00\n"
        "31/01/2023,Pay,3.00\n"
    )

    assert [row.amount_minor for row in statement.parse(text.encode()).transactions] == [-150, 200, 300]


def test_a_letter_with_wide_gaps_is_no_statement() -> None:
    text = "13.01.2023   Dear customer,\n14.01.2023   we thank you   for your letter.\n"

    with pytest.raises(statement.NoTransactionsFound):
        statement.parse(text.encode())


def test_a_terminals_page_is_read_with_its_balances_and_second_lines() -> None:
    text = """                     ACCOUNT STATEMENT
Account: 12-3456-7890   Currency: NZD

DATE        PARTICULARS               DEBIT      CREDIT      BALANCE
            OPENING BALANCE                                 1,000.00
01 FEB 23   EFTPOS GROCER             45.10                   954.90
            AUCKLAND
05 FEB 23   SALARY                             2,500.00     3,454.90
            CLOSING BALANCE                                 3,454.90
"""

    parsed = statement.parse(text.encode())

    assert [(row.amount_minor, row.text, row.currency) for row in parsed.transactions] == [
        (-4510, "EFTPOS GROCER AUCKLAND", "NZD"),
        (250000, "SALARY", "NZD"),
    ]
    assert (parsed.reconciliation.status, parsed.problems, parsed.questions) == ("chains", (), ())
    assert [balance.amount_minor for balance in (*parsed.opening_balances, *parsed.closing_balances)] == [
        100000,
        345490,
    ]


def test_labelled_blocks_may_be_parted_by_rules_and_run_over_lines() -> None:
    text = (
        "Buchungstag: 31.01.2023\nText: Einkauf\nBetrag: -12,50 EUR\n---\n"
        "Buchungstag: 30.01.2023\nText: Lohn\n  Januar\nBetrag: 1.000,00 EUR\n"
    )

    parsed = statement.parse(text.encode())

    assert [(row.amount_minor, row.text) for row in parsed.transactions] == [
        (100000, "Lohn Januar"),
        (-1250, "Einkauf"),
    ]
