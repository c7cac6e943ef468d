"""How fast a long statement is read and how much memory that takes: `python -m tests.bench.statements`."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile

from tests.support import long_statement

ROWS, RUNS = 100_000, 3
NAMES = ("statement_100000_rows_s", "statement_memory_vs_file")
ROOT = pathlib.Path(__file__).parents[2]
TIME_LIMIT_S = 120
_ALONE = """
import json, pathlib, sys, time
from analysis import statement

def peak_bytes():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

data = pathlib.Path(sys.argv[1]).read_bytes()
before, started = peak_bytes(), time.process_time()
parsed = statement.parse(data)
taken_s = time.process_time() - started
print(json.dumps([len(parsed.transactions), parsed.reconciliation.status, taken_s, peak_bytes() - before]))
"""


def measure(folder: pathlib.Path) -> dict[str, float]:
    """Seconds of one core, and how many times the file's size memory grows by, each the middle one of some runs."""
    file = long_statement.written(folder, ROWS)
    runs = [_read_alone(file) for _ in range(RUNS)]
    seconds, growths = (sorted(figures)[RUNS // 2] for figures in zip(*runs, strict=True))
    return dict(zip(NAMES, (round(seconds, 2), round(growths / file.stat().st_size, 1)), strict=True))


def _read_alone(file: pathlib.Path) -> tuple[float, float]:
    """In a process that does nothing else: (seconds of CPU, growth of its resident memory in bytes)."""
    command = [sys.executable, "-c", _ALONE, str(file)]
    ran = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=TIME_LIMIT_S)
    count, status, taken_s, growth_bytes = json.loads(ran.stdout)
    if (count, status) != (ROWS, "chains"):
        raise RuntimeError(f"{count} rows were read and their balances say {status}")
    return taken_s, growth_bytes


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="credpass-bench-") as scratch:
        for name, figure in measure(pathlib.Path(scratch)).items():
            print(f"{name:28}{figure:>8}")
