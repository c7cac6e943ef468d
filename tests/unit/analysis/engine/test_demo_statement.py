from __future__ import annotations

import importlib.util
import pathlib
import types

import pytest

from analysis import pipeline, statement
from tests.support import histories

_FOLDER = pathlib.Path(__file__).parents[4] / "cli" / "data"
_FILE = _FOLDER / "demo_statement.csv"


def _script() -> types.ModuleType:
    found = importlib.util.spec_from_file_location("make_demo_statement", _FOLDER / "make_demo_statement.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    # dataclasses look their module up by name
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, found.name, module)
        found.loader.exec_module(module)
    return module


def test_the_demo_statement_is_what_its_script_makes() -> None:
    made = _script()
    balance, lines = made.OPENING_CENTS, ["Date,Description,Amount,Balance,Currency,Counterparty"]
    for row in made.bookings():
        balance += row.cents
        quoted = f'"{row.text}"' if "," in row.text else row.text
        lines.append(f"{row.day},{quoted},{made.euros(row.cents)},{made.euros(balance)},EUR,{row.counterparty}")
    assert _FILE.read_text(encoding="utf-8").splitlines() == lines


def test_the_demo_statement_has_1247_rows_over_two_years_that_chain_and_scores_good() -> None:
    parsed = statement.parse(_FILE.read_bytes(), file_name=_FILE.name, as_of=histories.TODAY)
    assert not parsed.problems
    found = pipeline.analyse(parsed.transactions, accounts=parsed.accounts, today=histories.TODAY)
    assert found.n_transactions == 1247
    assert found.quality.days_covered == 731
    assert found.quality.reconciliation == "chains"
    assert found.tier == "good"
    assert found.quality.understood_share > 0.95
