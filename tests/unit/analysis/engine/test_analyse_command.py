from __future__ import annotations

import json
import pathlib

import pytest
import typer
from typer.testing import CliRunner, Result

from analysis.models import risk
from cli import analyse, local_analysis
from tests.support import histories

_APP = typer.Typer()
_APP.command()(analyse.analyse)


def _csv(life: histories.Life) -> str:
    return histories.as_csv(life.rows())


@pytest.fixture
def statement_file(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "one.csv"
    file.write_text(_csv(histories.Life()), encoding="utf-8")
    return file


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(_APP, [str(one) for one in arguments])


def test_json_is_one_object_whose_parts_add_up(statement_file: pathlib.Path) -> None:
    ran = _run(statement_file, "--json")
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["file"] == str(statement_file)
    assert found["status"] == "scored"
    total = sum(part["contribution"] for part in found["dimensions"].values()) + found["credibility"]["contribution"]
    assert total == found["score"]
    assert {
        "tier",
        "confidence",
        "interval",
        "stalenessDays",
        "insights",
        "recommendations",
        "quality",
        "versions",
    } <= set(found)
    assert (found["default_risk"] is not None) is risk.available()


def test_a_person_gets_a_report_with_the_score_and_the_reasons(statement_file: pathlib.Path) -> None:
    ran = _run(statement_file)
    assert ran.exit_code == 0
    assert "of 1000" in ran.stdout
    assert "How the score adds up" in ran.stdout
    assert "What counted most" in ran.stdout


def test_as_of_ends_the_history(statement_file: pathlib.Path) -> None:
    found = json.loads(_run(statement_file, "--json", "--as-of", "2025-01-01").stdout)
    assert found["asOf"] == "2025-01-01"
    assert found["quality"]["later_left_out"] > 0


def test_a_short_history_is_no_failure(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "short.csv"
    file.write_text(_csv(histories.Life(months=1)), encoding="utf-8")
    ran = _run(file, "--json")
    assert ran.exit_code == 0
    found = json.loads(ran.stdout)
    assert found["status"] == "insufficient_data"
    assert found["score"] is None
    assert {one["code"] for one in found["missing"]} >= {"days_covered", "transactions"}
    assert "No score" in _run(file).stdout


def test_an_unreadable_row_is_named_by_file_row_column_and_value(statement_file: pathlib.Path) -> None:
    lines = statement_file.read_text(encoding="utf-8").splitlines()
    lines[20] = lines[20].replace(lines[20].split(",")[2], "12x4")
    statement_file.write_text("\n".join(lines), encoding="utf-8")
    ran = _run(statement_file)
    assert ran.exit_code == 2
    assert all(part in ran.stderr for part in (str(statement_file), "row 21", "Amount", "12x4"))
    assert _run(statement_file, "--accept-partial").exit_code == 0


def test_a_folder_gives_a_line_a_file_and_goes_on_after_a_bad_one(statement_file: pathlib.Path) -> None:
    (statement_file.parent / "bad.csv").write_text("nothing here\n", encoding="utf-8")
    ran = _run(statement_file.parent, "--jsonl")
    assert ran.exit_code == 1
    answers = {pathlib.Path(one["file"]).name: one["status"] for one in map(json.loads, ran.stdout.splitlines())}
    assert answers == {"bad.csv": "failed", "one.csv": "scored"}
    assert "bad.csv" in ran.stderr


def test_a_link_that_leads_nowhere_is_a_file_that_failed(statement_file: pathlib.Path) -> None:
    (statement_file.parent / "gone.csv").symlink_to(statement_file.parent / "nothing")
    ran = _run(statement_file.parent, "--jsonl")
    assert ran.exit_code == 1
    assert "gone.csv: the file cannot be read" in ran.stderr


def test_the_report_tells_no_default_risk_of_an_account_unlike_the_loans(statement_file: pathlib.Path) -> None:
    found = json.loads(_run(statement_file, "--json").stdout)["default_risk"]
    shown = " ".join(_run(statement_file).stdout.split())
    if found is None:
        assert "Default risk" not in shown
    else:
        assert ("Default risk not told" in shown) is bool(found["outside"])


class _Defeating(pathlib.PosixPath):
    """A file that breaks whatever reads it."""

    def read_bytes(self) -> bytes:
        raise RuntimeError("secret")


def test_a_file_that_defeats_the_engine_is_named_and_the_others_are_scored(statement_file: pathlib.Path) -> None:
    question = local_analysis.Question(histories.TODAY)
    defeated, scored = local_analysis.answers([_Defeating("x.csv"), statement_file], question)
    assert isinstance(defeated, local_analysis.Failure)
    assert defeated.lines() == ["x.csv: the engine failed on this file (RuntimeError)"]
    assert isinstance(scored, local_analysis.Report)


def test_all_files_bad_or_a_wrong_call_is_status_two(tmp_path: pathlib.Path, statement_file: pathlib.Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "bad.csv").write_text("nothing here\n", encoding="utf-8")
    assert _run(folder, "--jsonl").exit_code == 2
    assert _run(folder).exit_code == 2
    assert _run(tmp_path / "none.csv").exit_code == 2
    assert _run(statement_file, "--jsonl").exit_code == 2
    assert _run(statement_file, "--format", "ofx").exit_code == 2


@pytest.mark.slow
def test_many_files_use_several_processes_and_keep_their_order(tmp_path: pathlib.Path) -> None:
    text = _csv(histories.Life(months=6))
    for number in range(14):
        (tmp_path / f"{number:02d}.csv").write_text(text, encoding="utf-8")
    ran = _run(tmp_path, "--jsonl")
    assert ran.exit_code == 0
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [pathlib.Path(one["file"]).name for one in answers] == [f"{number:02d}.csv" for number in range(14)]
    assert len({one["score"] for one in answers}) == 1


_OPEN = {
    "--date-order": ("dmy", "Date,Text,Amount\n03/04/2025,a,-1.50\n05/06/2025,b,2.50\n"),
    "--decimal": ("point", "Date;Text;Amount\n2025-01-31;a;-1.234\n2025-01-30;b;2.345\n"),
    "--sign": (
        "signed",
        "Date,Text,Amount\n" + "".join(f"2025-01-{day},ITEM {day},{day}.50\n" for day in range(10, 20)),
    ),
    "--year": ("2025", "Date,Text,Amount\n13 Jan,a,-1.50\n14 Jan,b,2.50\n"),
}


@pytest.mark.parametrize("option", _OPEN)
def test_what_a_file_leaves_open_names_the_option_that_settles_it(tmp_path: pathlib.Path, option: str) -> None:
    said, text = _OPEN[option]
    file = tmp_path / "open.csv"
    file.write_text(text)

    asked = _run(file, "--json")

    assert asked.exit_code == 2
    assert json.loads(asked.stdout)["error"]["code"] == "ambiguous"
    assert option in json.loads(asked.stdout)["error"]["rows"][0]
    assert _run(file, "--json", option, said).exit_code == 0
