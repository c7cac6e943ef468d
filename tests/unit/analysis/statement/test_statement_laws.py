"""Laws: any convention gives the same transactions, and no damage to a file ever invents money."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
from collections import Counter
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import statement
from tests.support import statement_fuzz
from tests.support import statement_writer as writer

_TEXTS = st.sampled_from(
    ["Groceries", "Rent for May", "ACME Ltd", "Café Zoé", "Electricity bill 4711", "Müller & Söhne", "Ticket, return"]
)
_CENTS = st.integers(min_value=-999_999, max_value=999_999).filter(bool)


_Sign = Literal["signed", "columns", "negative_debits", "flag", "trailing", "crdr"]
_SIGNS: list[_Sign] = ["signed", "columns", "negative_debits", "flag", "trailing", "crdr"]


@st.composite
def movements(draw: st.DrawFn, least: int = 3) -> list[writer.Movement]:
    """Some weeks of movements in and out, oldest first; one day past the twelfth settles the order of day and month."""
    day = datetime.date(draw(st.integers(2001, 2030)), draw(st.integers(1, 12)), 13)
    found = []
    for gap, cents, text in draw(st.lists(st.tuples(st.integers(0, 9), _CENTS, _TEXTS), min_size=least, max_size=25)):
        found.append(writer.Movement(day, cents, text))
        day += datetime.timedelta(days=gap)
    found.append(writer.Movement(day, -1_234, "Closing coffee"))
    found.append(writer.Movement(day, 5_678_90, "Closing entry"))
    return found


@st.composite
def conventions(draw: st.DrawFn) -> writer.Convention:
    languages: list[Literal["en", "de", "fr", "es", "pl"]] = ["en", "de", "fr", "es", "pl"]
    language = draw(st.sampled_from(languages))
    decimals: list[Literal["point", "comma"]] = ["point", "comma"]
    encodings = {"pl": ["utf-8", "utf-8-sig", "utf-16", "cp1250"]}.get(
        language, ["utf-8", "utf-8-sig", "utf-16", "cp1252", "iso8859-15"]
    )
    return writer.Convention(
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        decimal=draw(st.sampled_from(decimals)),
        thousands=draw(st.booleans()),
        date_format=draw(
            st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y%m%d", "%d.%m.%y"])
        ),
        sign=draw(st.sampled_from(_SIGNS)),
        encoding=draw(st.sampled_from(encodings)),
        preamble=draw(st.booleans()),
        balance=draw(st.booleans()),
        newest_first=draw(st.booleans()),
        language=language,
        footer=draw(st.booleans()),
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
    )


@given(rows=movements(), how=conventions())
@settings(max_examples=60, deadline=None)
def test_every_convention_gives_the_same_transactions(rows: list[writer.Movement], how: writer.Convention) -> None:
    parsed = statement.parse(writer.csv_statement(rows, how))

    assert not parsed.problems
    assert not parsed.questions
    assert Counter((row.booked, row.amount_minor) for row in parsed.transactions) == Counter(
        (row.booked, row.cents) for row in rows
    )
    assert {row.currency for row in parsed.transactions} == {"EUR"}
    assert parsed.reconciliation.status == ("chains" if how.balance else "no_balances")


@given(rows=movements(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_damage_is_reported_or_refused_and_never_invents_money(
    rows: list[writer.Movement], data: st.DataObject
) -> None:
    whole = writer.csv_statement(rows, writer.Convention())
    lines = whole.splitlines(keepends=True)
    kind = data.draw(st.sampled_from(["cut", "garble", "drop"]))
    at = data.draw(st.integers(1, len(lines) - 1))
    if kind == "cut":
        damaged = whole[: data.draw(st.integers(0, len(whole)))]
    elif kind == "drop":
        damaged = b"".join(lines[:at] + lines[at + 1 :])
    else:
        noise = data.draw(st.binary(min_size=1, max_size=12))
        damaged = b"".join([*lines[:at], noise + lines[at], *lines[at + 1 :]])

    try:
        parsed = statement.parse(damaged)
    except statement.StatementRefused:
        return

    known = Counter(abs(row.cents) for row in rows)
    found = Counter(abs(row.amount_minor) for row in parsed.transactions)
    extra = found - known
    # A cut through the last line may shorten its figure; nothing else may appear that was not in the file.
    assert sum(extra.values()) <= (1 if kind == "cut" else 0)


@given(rows=movements(), noise=st.binary(max_size=300))
@settings(max_examples=40, deadline=None)
def test_bytes_of_any_kind_raise_nothing_but_the_documented_error(rows: list[writer.Movement], noise: bytes) -> None:
    for data in (noise, b"%PDF-1.4\n" + noise, b"PK\x03\x04" + noise, b"{" + noise, b"<OFX><STMTRS>" + noise):
        try:
            statement.parse(data)
        except statement.StatementRefused as refusal:
            assert refusal.reason  # noqa: PT017 (either way is right; the law is that nothing else is raised)


@given(rows=movements(), how=conventions())
@settings(max_examples=20, deadline=None)
def test_stored_rows_come_back_unchanged_however_they_are_chunked(
    rows: list[writer.Movement], how: writer.Convention
) -> None:
    parsed = statement.parse(writer.csv_statement(rows, how))
    whole = b"".join(statement.serialise_rows(parsed))

    for chunks in (list(statement.serialise_rows(parsed)), [whole], [whole[:37], whole[37:]]):
        stored = statement.deserialise_rows(chunks)
        assert stored.transactions == parsed.transactions
        assert stored.accounts == parsed.accounts
    assert stored.quality.n_transactions == len(parsed.transactions)


@given(rows=movements(least=5), data=st.data())
@settings(max_examples=40, deadline=None)
def test_overlapping_uploads_merge_to_the_one_history(rows: list[writer.Movement], data: st.DataObject) -> None:
    parsed = statement.parse(writer.csv_statement(rows, writer.Convention(balance=False)))
    days = sorted({row.booked for row in parsed.transactions})
    cut = data.draw(st.sampled_from(days))
    until = data.draw(st.sampled_from([day for day in days if day >= cut]))
    first = [row for row in parsed.transactions if row.booked <= until]
    second = [row for row in parsed.transactions if row.booked >= cut]

    merged = statement.merge([first, second])

    def key(row: statement.Transaction) -> tuple[datetime.date, int, str]:
        return row.booked, row.amount_minor, row.text

    assert Counter(map(key, merged)) == Counter(map(key, parsed.transactions))
    assert statement.merge([merged, first]) == merged


@given(rows=movements(), how=conventions(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_unknown_headings_and_shuffled_columns_are_never_read_wrongly_in_silence(
    rows: list[writer.Movement], how: writer.Convention, data: st.DataObject
) -> None:
    plain = dataclasses.replace(how, preamble=False, footer=False, encoding="utf-8")
    table = list(csv.reader(io.StringIO(writer.csv_statement(rows, plain).decode()), delimiter=how.delimiter))
    order = data.draw(st.permutations(range(len(table[0]))))
    for column in data.draw(st.sets(st.sampled_from(range(len(order))))):
        table[0][column] = f"qx{column}vz"
    if data.draw(st.booleans()):
        del table[0]
    out = io.StringIO()
    csv.writer(out, delimiter=how.delimiter).writerows([row[column] for column in order] for row in table)

    try:
        parsed = statement.parse(out.getvalue().encode())
    except statement.StatementRefused:
        return

    wanted = Counter((row.booked, row.cents) for row in rows)
    found = Counter((row.booked, row.amount_minor) for row in parsed.transactions)
    assert found == wanted or parsed.problems or parsed.questions


@given(rows=movements(), newest_first=st.booleans(), opening=st.integers(1, 999_999))
@settings(max_examples=40, deadline=None)
def test_a_row_of_balances_at_the_edge_is_never_money(
    rows: list[writer.Movement], newest_first: bool, opening: int
) -> None:
    how = writer.Convention(newest_first=newest_first)
    lines = writer.csv_statement(rows, how, opening).decode().splitlines()[1:]
    closing = opening + sum(row.cents for row in rows)
    summary = writer.figure(opening, how), writer.figure(closing, how)

    plain = statement.parse("\n".join(lines).encode())
    headed = statement.parse("\n".join([f"{rows[-1].booked},ANN,{summary[0]},{summary[1]},EUR", *lines]).encode())

    assert [(row.booked, row.amount_minor) for row in headed.transactions] == [
        (row.booked, row.amount_minor) for row in plain.transactions
    ]
    assert headed.reconciliation.status == "chains"


@given(rows=movements(), how=conventions())
@settings(max_examples=30, deadline=None)
def test_the_same_cells_say_the_same_in_every_table_format(rows: list[writer.Movement], how: writer.Convention) -> None:
    plain = dataclasses.replace(how, preamble=False, footer=False, encoding="utf-8")
    text = writer.csv_statement(rows, plain).decode()
    cells = list(csv.reader(io.StringIO(text), delimiter=how.delimiter))

    wanted = statement.parse(text.encode())

    for written in (writer.html_table(cells), writer.spreadsheet_xml(cells), writer.workbook(cells)):
        found = statement.parse(written)
        assert [dataclasses.replace(row, row=0) for row in found.transactions] == [
            dataclasses.replace(row, row=0) for row in wanted.transactions
        ]
        assert (found.problems, found.questions) == ((), ())


@given(rows=movements(), how=conventions(), gap=st.integers(2, 4), headed=st.booleans())
@settings(max_examples=40, deadline=None)
def test_columns_of_a_fixed_width_are_never_read_wrongly_in_silence(
    rows: list[writer.Movement], how: writer.Convention, gap: int, headed: bool
) -> None:
    plain = dataclasses.replace(how, preamble=False, footer=False, encoding="utf-8")
    text = writer.csv_statement(rows, plain).decode()
    cells = list(csv.reader(io.StringIO(text), delimiter=how.delimiter))

    try:
        parsed = statement.parse(writer.in_columns(cells if headed else cells[1:], gap))
    except statement.StatementRefused:
        return

    wanted = Counter((row.booked, row.cents) for row in rows)
    found = Counter((row.booked, row.amount_minor) for row in parsed.transactions)
    assert found == wanted or parsed.problems or parsed.questions


def test_damaged_statements_of_every_format_end_in_rows_or_in_a_refusal() -> None:
    runs, found = statement_fuzz.fuzz(seconds=2.0, seed=20230131)

    assert runs > 10
    assert [reason for reason, _ in found] == []
