from __future__ import annotations

import gzip
import json
import pathlib

import pytest
import typer
from typer.testing import CliRunner, Result

from analysis.models import risk
from cli import evaluate, train
from tests.support import histories

_BERKA = pathlib.Path(__file__).parents[5] / "shared" / "data" / "berka"
_PACKAGED = pathlib.Path(risk.__file__).parent / "data"

needs_model = pytest.mark.skipif(not risk.available(), reason="lightgbm is not installed")
needs_data = pytest.mark.skipif(not _BERKA.exists(), reason="the bank's loans are not beside the repository")


def _run(command: object, *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    return CliRunner().invoke(app, [str(one) for one in arguments])


def _labelled(folder: pathlib.Path) -> pathlib.Path:
    """Four statements, two of lives that went wrong."""
    lines = ["file,bad,group"]
    for number, life in enumerate(
        (
            histories.Life(),
            histories.Life(salary=350_000),
            histories.Life(penalties=frozenset(range(3, 15)), opening=-100_000),
            histories.Life(no_income=frozenset({9, 12, 15, 16, 17}), penalties=frozenset({10, 16})),
        )
    ):
        (folder / f"{number}.csv").write_text(histories.as_csv(life.rows()), encoding="utf-8")
        lines.append(f"{number}.csv,{int(number > 1)},{'ab'[number % 2]}")
    labels = folder / "labels.csv"
    labels.write_text("\n".join(lines), encoding="utf-8")
    return labels


@needs_data
@needs_model
@pytest.mark.slow
def test_training_writes_the_packaged_model_again(tmp_path: pathlib.Path) -> None:
    ran = _run(train.train, "--data", _BERKA, "--out", tmp_path)
    assert ran.exit_code == 0, ran.output
    for name in ("risk_v1.txt", "risk_v1.json"):
        assert (tmp_path / name).read_bytes() == (_PACKAGED / name).read_bytes()


@needs_data
@needs_model
@pytest.mark.slow
def test_evaluation_makes_every_figure_of_the_card_again() -> None:
    ran = _run(evaluate.evaluate, "--data", _BERKA, "--json")
    assert json.loads(ran.stdout)["same_as_card"] is True


def test_a_folder_without_loans_or_with_another_table_is_a_wrong_call(tmp_path: pathlib.Path) -> None:
    assert _run(train.train, "--data", tmp_path).exit_code == 2
    with gzip.open(tmp_path / train.AGGREGATES, "wt") as table:
        table.write("a,b\n1,2\n")
    assert _run(train.train, "--data", tmp_path).exit_code == 2


def test_an_institution_measures_the_score_on_its_own_outcomes(tmp_path: pathlib.Path) -> None:
    ran = _run(evaluate.evaluate, "--data", tmp_path, "--labels", _labelled(tmp_path), "--json")
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert (found["cases"], found["scored"], found["bad"], found["failed"]) == (4, 4, 2, 0)
    assert found["score"]["auc"] == 1.0
    assert found["approval_ratio"] == {"a": 1.0, "b": 1.0}
    assert (found["default_risk"] is not None) is risk.available()


@needs_model
def test_the_base_rate_of_a_population_moves_the_level_of_the_risk_and_not_its_order(tmp_path: pathlib.Path) -> None:
    call = (evaluate.evaluate, "--data", tmp_path, "--labels", _labelled(tmp_path), "--json")
    usual, rare = (json.loads(_run(*call, *more).stdout)["default_risk"] for more in ((), ("--base-rate", "0.05")))
    assert rare["auc"] == usual["auc"]
    assert rare["mean_probability"] < usual["mean_probability"]
    assert rare["bad_share"] == usual["bad_share"] == 0.5


def test_a_label_that_cannot_be_read_is_named_by_its_row(tmp_path: pathlib.Path) -> None:
    labels = _labelled(tmp_path)
    labels.write_text("file,bad\n0.csv,0\n1.csv,maybe\n", encoding="utf-8")
    ran = _run(evaluate.evaluate, "--data", tmp_path, "--labels", labels)
    assert ran.exit_code == 2
    assert "row 3" in ran.output


def test_an_evaluation_draws_a_page(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "report.html"
    ran = _run(evaluate.evaluate, "--data", tmp_path, "--labels", _labelled(tmp_path), "--html", page)
    assert ran.exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "<h2>Score</h2><svg" in text
    assert ("SHAP" in text) is risk.available()
