"""A statement as long as asked for, and what it costs to analyse one in a process of its own."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
import subprocess
import sys

from analysis.statement.model import Transaction
from tests.support import histories

_NAMES = ("Supermarket", "Restaurant", "Online shop", "Petrol", "Subscription", "qwertz", "SALARY", "RENT")
_DAYS = 1_460
_ROOT = pathlib.Path(__file__).parents[2]
_TIME_LIMIT_S = 300
_ALONE = """
import datetime, json, pathlib, sys
from analysis.models import risk
from cli import local_analysis
question = local_analysis.Question(datetime.date(2026, 1, 10), with_risk=risk.available())
answer = local_analysis.answer(pathlib.Path(sys.argv[1]), question)
status = pathlib.Path("/proc/self/status").read_text()
peak_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"status": answer.as_json()["status"], "peak_bytes": peak_kib * 1024}))
"""


@dataclasses.dataclass(frozen=True)
class Cost:
    """`peak_bytes`: most resident memory of the process, its libraries included."""

    status: str
    peak_bytes: int


def rows(count: int) -> list[Transaction]:
    """Rows over four years with many different texts."""
    made, balance = [], 0
    for place in range(count):
        kind = place * 7 % 8
        amount = 300_000 if kind == 6 else -(100 + place * 7919 % 8_900)
        balance += amount
        day = histories.START + dt.timedelta(days=place * _DAYS // count)
        text = f"CARD {_NAMES[kind]} {place % 5_000} town"
        made.append(Transaction("A", day, amount, "EUR", text, place + 2, balance_minor=balance))
    return made


def written(folder: pathlib.Path, count: int) -> pathlib.Path:
    """The same rows as a CSV file."""
    file = folder / f"{count}.csv"
    file.write_text(histories.as_csv(rows(count)), encoding="utf-8")
    return file


def cost(file: pathlib.Path) -> Cost:
    """Read and score a file as `credpass analyse` does, in a process that does nothing else."""
    command = [sys.executable, "-c", _ALONE, str(file)]
    ran = subprocess.run(command, check=True, capture_output=True, cwd=_ROOT, timeout=_TIME_LIMIT_S)
    return Cost(**json.loads(ran.stdout))
