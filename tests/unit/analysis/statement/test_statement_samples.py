"""Each habit of a bank, one small file of our own: counts, sums, period, currency, and what is asked back."""

from __future__ import annotations

import pathlib
from decimal import Decimal

import pytest

from analysis import statement
from tests.support import statement_evaluation
from tests.support.statement_sample import Sample
from tests.support.statement_samples import SAMPLES

_SHARED = pathlib.Path(__file__).parents[4] / ".." / "shared" / "data" / "statements"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_habit_is_understood(sample: Sample) -> None:
    parsed = statement.parse(sample.text.encode(sample.encoding), file_name=sample.name)

    sums = parsed.sums_minor()
    money_in = sum((statement.currency.from_minor(pair[0], code) for code, pair in sums.items()), Decimal(0))
    money_out = sum((statement.currency.from_minor(pair[1], code) for code, pair in sums.items()), Decimal(0))
    assert len(parsed.transactions) + len(parsed.set_aside) == sample.rows
    assert (money_in, money_out) == (Decimal(sample.money_in), Decimal(sample.money_out))
    assert sample.first in (None, str(parsed.first_date))
    assert sample.last in (None, str(parsed.last_date))
    assert sample.currency in (None, "/".join(parsed.currencies))
    assert bool(parsed.problems or parsed.questions) == sample.flagged
    assert parsed.reconciliation.status != "breaks"


def test_the_last_year_settles_an_era() -> None:
    sample = next(sample for sample in SAMPLES if sample.name == "japanese_era")

    parsed = statement.parse(sample.text.encode(sample.encoding), hints=statement.Hints(year=2023))

    assert (str(parsed.first_date), str(parsed.last_date), parsed.questions) == ("2023-01-25", "2023-01-31", ())


@pytest.mark.skipif(not (_SHARED / "manifest.csv").is_file(), reason="the shared statements are not on this machine")
def test_real_statements_are_read_as_their_manifest_says() -> None:
    outcomes = statement_evaluation.evaluate(_SHARED)
    to_read = [outcome for outcome in outcomes if outcome.expect == "accept"]
    to_doubt = [outcome for outcome in outcomes if outcome.expect != "accept"]

    assert sum("count" not in outcome.misses for outcome in to_read) >= 0.97 * len(to_read)
    assert sum("sums" not in outcome.misses for outcome in to_read) >= 0.96 * len(to_read)
    assert sum("decision" not in outcome.misses for outcome in to_doubt) >= 0.90 * len(to_doubt)
    assert [outcome.file for outcome in outcomes if outcome.silent] == []
