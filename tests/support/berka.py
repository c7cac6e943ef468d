"""Real statements of the Berka data, made by the shared tool; skipped where the shared folder is not there."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

SHARED = pathlib.Path(__file__).resolve().parents[3] / "shared"
TOOL = SHARED / "tools" / "berka_statement.py"
TRANSACTIONS = SHARED / "data" / "berka" / "trans_all_accounts_19930101_19940331.csv.gz"


def statements(folder: pathlib.Path, *, least_rows: int, count: int) -> list[pathlib.Path]:
    """Statements of `count` different accounts with at least so many rows, spread over the accounts."""
    if not TRANSACTIONS.exists():
        pytest.skip(f"no real statements here: {TRANSACTIONS} is missing")
    command = [sys.executable, str(TOOL), str(TRANSACTIONS), str(folder), "--min-rows", str(least_rows)]
    subprocess.run(command, check=True)
    files = sorted(folder.glob("*.csv"), key=lambda path: int(path.stem))
    assert len(files) >= count
    return files[:: len(files) // count][:count]
