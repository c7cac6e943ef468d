"""`python -m tests.support.statement_evaluation DIR`: read a folder of statements and compare with its manifest.

DIR/manifest.csv has one row a file: file, format, expect (accept | partial | reject), n_transactions,
n_transactions_alt, sum_credits, sum_debits ("EUR=1;USD=2" for several currencies), first_date, last_date, currency,
currency_in_file, balance_check. Empty cells are not asserted. Prints a table by format and each miss with its reason.
"""

# ruff: noqa: T201 (a command: it prints its table)
from __future__ import annotations

import csv
import dataclasses
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from analysis import statement

_TOLERANCE = Decimal("0.006")  # manifests give sums to the cent


@dataclasses.dataclass(slots=True)
class Outcome:
    """One file: what was asked of it and what is wrong, by measure."""

    file: str
    format: str
    expect: str
    decision: str
    reason: str
    misses: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Read wrongly, and neither a problem nor a question says so."""
        return self.decision == "accept" and bool(self.misses.keys() & {"count", "sums", "dates"})


def evaluate(folder: pathlib.Path) -> list[Outcome]:
    """Every file of the manifest, in its order."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as source:
        return [_outcome(folder, row) for row in csv.DictReader(source)]


def _outcome(folder: pathlib.Path, row: Mapping[str, str]) -> Outcome:
    try:
        parsed = statement.parse((folder / row["file"]).read_bytes(), file_name=row["file"])
    except statement.StatementRefused as refusal:
        outcome = Outcome(row["file"], row["format"], row["expect"], "reject", refusal.reason)
        if row["expect"] != "reject":
            outcome.misses["count"] = "nothing was read"
    else:
        clean = not parsed.problems and not parsed.questions
        outcome = Outcome(row["file"], row["format"], row["expect"], "accept" if clean else "partial", _why(parsed))
        if row["expect"] != "reject":
            outcome.misses.update(_misses(row, parsed))
    if outcome.decision != row["expect"]:
        outcome.misses["decision"] = f"{outcome.decision}, not {row['expect']}: {outcome.reason}"
    return outcome


def _why(parsed: statement.ParsedStatement) -> str:
    problems = [f"row {problem.row} {problem.reason}" for problem in parsed.problems[:2]]
    return "; ".join([*problems, *(f"asks for {question.field}" for question in parsed.questions)])


def _misses(row: Mapping[str, str], parsed: statement.ParsedStatement) -> Iterator[tuple[str, str]]:
    count = str(len(parsed.transactions) + len(parsed.set_aside))
    wanted = {row["n_transactions"], row["n_transactions_alt"]} - {""}
    if wanted and count not in wanted:
        yield "count", f"{count} rows, not {row['n_transactions']}"
    sums = [found for name, side in (("sum_credits", 0), ("sum_debits", 1)) for found in _sums(row[name], parsed, side)]
    if sums:
        yield "sums", "; ".join(sums)
    dates = [
        f"{found}, not {row[name]}"
        for name, found in (("first_date", parsed.first_date), ("last_date", parsed.last_date))
        if row[name] and str(found) != row[name]
    ]
    if dates:
        yield "dates", "; ".join(dates)
    if row["currency_in_file"] == "y" and set(parsed.currencies) != set(row["currency"].split("/")):
        yield "currency", f"{'/'.join(parsed.currencies) or 'none'}, not {row['currency']}"
    status = parsed.reconciliation.status
    for word in ("chains", "breaks"):
        if row["balance_check"].startswith(word) and status != word:
            yield "balances", f"{status}, not {row['balance_check']}"


def _sums(cell: str, parsed: statement.ParsedStatement, side: int) -> Iterator[str]:
    found = {code: statement.currency.from_minor(pair[side], code) for code, pair in parsed.sums_minor().items()}
    if not cell:
        return
    if "=" not in cell:
        total = sum(found.values(), Decimal(0))
        if abs(total - Decimal(cell)) > _TOLERANCE:
            yield f"{'in' if side == 0 else 'out'} {total}, not {cell}"
        return
    for part in cell.split(";"):
        code, _, value = part.partition("=")
        if abs(found.get(code, Decimal(0)) - Decimal(value)) > _TOLERANCE:
            yield f"{'in' if side == 0 else 'out'} {found.get(code, 0)} {code}, not {value}"


_MEASURES = ("count", "sums", "dates", "currency", "balances")


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures by format, then each miss."""
    formats = list(dict.fromkeys(outcome.format for outcome in outcomes))
    lines = ["| format | files | " + " | ".join(_MEASURES) + " | decision | silently wrong |", "|---" * 9 + "|"]
    for name in (*formats, "all"):
        some = [outcome for outcome in outcomes if name in (outcome.format, "all")]
        read = [outcome for outcome in some if outcome.expect != "reject"]
        cells = [f"{sum(measure not in outcome.misses for outcome in read)}/{len(read)}" for measure in _MEASURES]
        cells.append(f"{sum('decision' not in outcome.misses for outcome in some)}/{len(some)}")
        cells.append(str(sum(outcome.silent for outcome in some)))
        lines.append(f"| {name} | {len(some)} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [
        f"{outcome.file}: " + " | ".join(f"{k}: {v}" for k, v in outcome.misses.items())
        for outcome in outcomes
        if outcome.misses
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tests.support.statement_evaluation DIR", file=sys.stderr)
        return 2
    folder = pathlib.Path(arguments[0])
    if not (folder / "manifest.csv").is_file():
        print(f"{folder} has no manifest.csv", file=sys.stderr)
        return 2
    print(table(evaluate(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
