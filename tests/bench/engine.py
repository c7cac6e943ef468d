"""How fast the engine is and how much memory it takes: `python -m tests.bench.engine`, a line a measurement.

Times are of rows that are read already, with interval and reasons; memory and the folder are of the whole command.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection

from analysis import pipeline
from tests.support import histories, long_statement

SHORT, LONG, LONGEST = 2_000, 100_000, 1_000_000
SHORT_RUNS, LONG_RUNS = 15, 3
FILES, ROWS_A_FILE = 60, 6_000
NAMES = (
    "engine_2000_rows_ms",
    "engine_100000_rows_s",
    "engine_growth_100k_to_1m",
    "engine_memory_vs_file_1m_rows",
    "analyse_folder_speedup_all_cores",
)
COMMAND = ("-m", "cli.main", "analyse")
ROOT = pathlib.Path(__file__).parents[2]
TIME_LIMIT_S = 300


def measure(folder: pathlib.Path) -> dict[str, float]:
    """Figures by name; the first runs warm everything."""
    analysis_s(SHORT, 2)
    long_s = analysis_s(LONG, LONG_RUNS)
    values = (
        analysis_s(SHORT, SHORT_RUNS) * 1e3,
        long_s,
        analysis_s(LONGEST, 1) / long_s / (LONGEST / LONG),
        memory_ratio(folder),
        folder_speedup(folder),
    )
    return dict(zip(NAMES, (round(value, 3) for value in values), strict=True))


def analysis_s(rows: int, runs: int) -> float:
    """The middle one of some runs over rows in memory, on one core."""
    given, taken = long_statement.rows(rows), []
    for _ in range(runs):
        started = time.perf_counter()
        pipeline.analyse(given, today=histories.TODAY)
        taken.append(time.perf_counter() - started)
    return sorted(taken)[runs // 2]


def memory_ratio(folder: pathlib.Path) -> float:
    """Most resident memory of the whole command (libraries and all) on a million rows, over the size of the file."""
    file = long_statement.written(folder, LONGEST)
    return long_statement.cost(file).peak_bytes / file.stat().st_size


def folder_speedup(folder: pathlib.Path) -> float:
    """`credpass analyse DIR --jsonl` bound to one core, over the same free to use all."""
    statements = folder / "engine-statements"
    statements.mkdir()
    content = long_statement.written(folder, ROWS_A_FILE).read_bytes()
    for number in range(FILES):
        (statements / f"{number}.csv").write_bytes(content)
    cores = os.sched_getaffinity(0)
    return _folder_s(statements, {min(cores)}) / _folder_s(statements, cores)


def _folder_s(statements: pathlib.Path, cores: Collection[int]) -> float:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # the command inherits it
    try:
        started = time.perf_counter()
        command = [sys.executable, *COMMAND, str(statements), "--jsonl"]
        ran = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=TIME_LIMIT_S)
        taken = time.perf_counter() - started
    finally:
        os.sched_setaffinity(0, before)
    if ran.stdout.count(b'"status":"scored"') != FILES:
        raise RuntimeError("not every statement was scored")
    return taken


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="credpass-bench-") as scratch:
        for figure, value in measure(pathlib.Path(scratch)).items():
            sys.stdout.write(f"{figure:<36} {value:>10.3f}\n")
