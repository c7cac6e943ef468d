"""Which account a file is of that names none."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import statement
from tests.support import statement_formats
from tests.support.statement_writer import Movement

ACCOUNT = "DE02120300000000202051"
LIFE = statement_formats.life()


def stored(content: bytes) -> statement.StoredStatement:
    return statement.deserialise_rows(statement.serialise_rows(statement.parse(content)))


def written(name: str, movements: list[Movement]) -> statement.StoredStatement:
    return stored(statement_formats.FORMATS[name][1](movements))


def merged(*uploads: statement.StoredStatement) -> list[statement.Transaction]:
    return statement.merge([upload.transactions for upload in statement.told_apart(uploads)])


def keys(*uploads: statement.StoredStatement) -> list[str]:
    return [upload.accounts[0].key for upload in statement.told_apart(uploads)]


@pytest.mark.parametrize("named", ["german", "credpass-json", "ofx-sgml", "mt940", "camt"])
@pytest.mark.parametrize("nameless", ["plain", "french", "american", "gocardless-json", "xlsx"])
def test_an_export_that_names_the_account_and_one_that_does_not_count_once(named: str, nameless: str) -> None:
    one, other = written(named, LIFE[:60]), written(nameless, LIFE)
    for uploads in ((one, other), (other, one)):
        assert keys(*uploads) == [ACCOUNT, ACCOUNT]
        assert len(merged(*uploads)) == len(LIFE)


def test_two_nameless_accounts_are_not_one() -> None:
    second = [Movement(one.booked, -one.cents // 3, "OTHER") for one in LIFE]
    assert keys(written("plain", LIFE), written("plain", second), written("french", LIFE[:60])) == ["", "#1", ""]
    assert len(merged(written("plain", LIFE), written("plain", second))) == 2 * len(LIFE)


def test_a_nameless_file_of_another_account_stays_another() -> None:
    second = [Movement(one.booked, -one.cents // 3, "OTHER") for one in LIFE]
    assert keys(written("camt", LIFE), written("plain", second)) == [ACCOUNT, ""]


def test_files_that_share_no_days_stay_as_they_are() -> None:
    assert keys(written("camt", LIFE[:30]), written("plain", LIFE[40:])) == [ACCOUNT, ""]
    assert keys(written("plain", LIFE[:30]), written("plain", LIFE[40:])) == ["", ""]


def test_one_file_is_left_alone() -> None:
    upload = written("plain", LIFE)
    assert statement.told_apart([upload]) == [upload]


def rows(account: str, start: int, end: int) -> statement.StoredStatement:
    """Days start..end of a life with one movement a day, of another amount each."""
    made = tuple(
        statement.Transaction(account, date(2025, 1, 1) + timedelta(days=day), day * 7 + 1, "EUR", "x", day)
        for day in range(start, end)
    )
    quality = statement.Quality("csv", 1.0, len(made), 0, "no_balances", 0, 0, 0.0, ())
    return statement.StoredStatement((statement.Account(account, "EUR"),), made, quality)


@given(st.integers(1, 8), st.data())
def test_files_that_overlap_in_a_chain_are_of_the_one_account_that_any_of_them_names(
    count: int, data: st.DataObject
) -> None:
    windows = [(step * 20, step * 20 + 30) for step in range(count + 1)]
    named = data.draw(st.integers(0, count))
    order = data.draw(st.permutations(range(count + 1)))
    uploads = [rows("K" if place == named else "", *windows[place]) for place in order]
    assert set(keys(*uploads)) == {"K"}
    assert len(merged(*uploads)) == count * 20 + 30


@given(st.lists(st.tuples(st.sampled_from(["", "A", "B"]), st.integers(0, 60), st.integers(1, 40)), max_size=6))
def test_no_movement_comes_or_goes(made: list[tuple[str, int, int]]) -> None:
    uploads = [rows(account, start, start + days) for account, start, days in made]
    told = statement.told_apart(uploads)
    for before, after in zip(uploads, told, strict=True):
        assert [dataclasses.replace(row, account="") for row in after.transactions] == [
            dataclasses.replace(row, account="") for row in before.transactions
        ]
        assert {row.account for row in after.transactions} == {account.key for account in after.accounts}


def test_an_account_is_listed_once_and_its_kind_stays_known() -> None:
    known = statement.Account("A", "EUR", kind="savings")
    assert statement.accounts_once([known, statement.Account("A", "EUR"), statement.Account("B", "EUR")]) == [
        known,
        statement.Account("B", "EUR"),
    ]
