"""`credpass inspect`: one object a file, exit status by the worst of them."""

from __future__ import annotations

import json
import pathlib

import pytest
import typer
from typer.testing import CliRunner

from cli import inspect

_FIELDS = {
    "file", "format", "accounts", "n_transactions", "sum_credits", "sum_debits", "first_date", "last_date", "currency",
    "decimal", "date_format", "reconciliation", "problems", "questions", "tamper", "notes",
}  # fmt: skip


def _run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(inspect.inspect)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "good.csv").write_text(
        "Date,Description,Amount,Currency\n2023-01-13,Pay,100.00,EUR\n2023-01-14,Shop,-5.50,EUR\n"
    )
    (tmp_path / "doubtful.csv").write_text("Date,Description,Amount\n01/02/2023,Pay,100.00\n03/02/2023,Shop,-5.50\n")
    (tmp_path / "letter.csv").write_text("Dear all,\nno statement here\n")
    return tmp_path


def test_a_clean_file_gives_its_figures_and_status_zero(folder: pathlib.Path) -> None:
    status, out = _run("--json", str(folder / "good.csv"))

    record = json.loads(out)
    assert status == 0
    assert record.keys() == _FIELDS
    assert record["n_transactions"] == 2
    assert (record["sum_credits"], record["sum_debits"]) == ({"EUR": "100.00"}, {"EUR": "5.50"})
    assert (record["first_date"], record["last_date"], record["currency"]) == ("2023-01-13", "2023-01-14", "EUR")


def test_an_open_question_gives_figures_without_dates_and_status_one(folder: pathlib.Path) -> None:
    status, out = _run("--json", str(folder / "doubtful.csv"))

    record = json.loads(out)
    assert status == 1
    assert record["n_transactions"] == 2
    assert record["first_date"] is None
    assert record["questions"][0]["field"] == "date_order"


def test_every_file_has_its_line_a_refused_and_a_missing_one_too(folder: pathlib.Path) -> None:
    names = ["good.csv", "letter.csv", "missing.csv"]

    status, out = _run("--json", *(str(folder / name) for name in names))

    records = [json.loads(line) for line in out.splitlines()]
    assert status == 2
    assert [pathlib.Path(record["file"]).name for record in records] == names
    assert all(record.keys() == _FIELDS for record in records)
    assert [record["format"] for record in records] == ["csv", None, None]
    assert all(record["problems"][0]["reason"] for record in records[1:])


def test_a_person_reads_the_same_figures(folder: pathlib.Path) -> None:
    status, out = _run(str(folder / "good.csv"), str(folder / "letter.csv"))

    assert status == 2
    assert "100.00 EUR" in out
    assert "refused" in out
