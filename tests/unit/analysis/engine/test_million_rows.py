"""Long statements are analysed, in bounded memory. How fast is measured in tests/bench."""

from __future__ import annotations

import pathlib

import pytest

from analysis import pipeline
from tests.support import histories, long_statement

_MEMORY_PER_FILE = 10  # bytes of resident memory a byte of the file


@pytest.mark.slow
def test_a_million_rows_are_analysed() -> None:
    found = pipeline.analyse(long_statement.rows(1_000_000), today=histories.TODAY)
    assert found.status == "scored"
    assert found.n_transactions == 1_000_000


@pytest.mark.slow
@pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="the system does not tell a process's peak")
def test_memory_grows_by_less_than_ten_times_the_file(tmp_path: pathlib.Path) -> None:
    short, long = (long_statement.written(tmp_path, count) for count in (1_000, 200_000))
    before, after = long_statement.cost(short), long_statement.cost(long)
    assert before.status == after.status == "scored"
    assert after.peak_bytes - before.peak_bytes < _MEMORY_PER_FILE * (long.stat().st_size - short.stat().st_size)
