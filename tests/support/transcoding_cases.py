"""Runs a folder of transcoding cases: python -m tests.support.transcoding_cases DIR

Prints each failure (id, what was expected, what came), what was skipped and why, and last `N passed, N failed, N
skipped`. Exit status 1 when a case failed, 2 when the folder cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from . import transcoding_cases_answers as answers
from . import transcoding_cases_paths as paths
from . import transcoding_cases_requests as requests
from .transcoding_cases_decisions import Decisions
from .transcoding_cases_suite import Case, Question, Suite

Judge = Callable[[Suite, list[Case]], Iterator[Question]]

# what a list of the same name asks can be seen by a key that its cases have
_LISTS: dict[str, tuple[tuple[str, Judge], ...]] = {
    "cases": (
        ("template", paths.template_cases),
        ("query", requests.query_cases),
        ("kind", answers.json_cases),
        ("body", requests.mask_cases),
    ),
    "tables": (("requests", paths.table_cases),),
    "rules": (("rule", paths.rule_cases),),
    "conversions": (("text", requests.conversion_cases),),
    "field_paths": (("path", requests.field_path_cases),),
    "http": (("target", requests.http_cases),),
    "translate": (("body", requests.translate_cases),),
    "codes": (("code", answers.code_cases),),
    "error_bodies": (("status", answers.error_body_cases),),
    "stream_errors": (("status", answers.stream_error_cases),),
    "health": (("rpc_code", answers.health_cases),),
    "outcomes": (("request", answers.outcome_cases),),
    "streams_out": (("form", answers.stream_cases),),
    "frames": (("backend_bytes_hex", answers.frame_cases),),
    "timeouts": (("text", answers.timeout_cases),),
    "metadata": (("headers", answers.metadata_cases),),
}


@dataclass
class Report:
    """What came out of a run."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """The last line."""
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skipped)} skipped"


def run(folder: Path, decisions: Decisions) -> Report:
    """Run every list of every file of the folder."""
    suite = Suite(folder)
    report = Report()
    for file, name, cases in suite.lists():
        judge = _judge_of(name, cases)
        if judge is None:
            report.skipped += [f"{file} {name}: this list is not known ({case.get('id', '?')})" for case in cases]
            continue
        for asked, why in _questions(suite, judge, name, cases):
            _ask(report, decisions, asked, why)
    return report


def _judge_of(name: str, cases: list[Case]) -> Judge | None:
    for key, judge in _LISTS.get(name, ()):
        if all(key in case for case in cases):
            return judge
    return None


def _questions(suite: Suite, judge: Judge, name: str, cases: list[Case]) -> Iterator[tuple[Question, str]]:
    """Each question with the reason of its dispute; a table's reason counts for its requests."""
    for case in cases:
        try:
            for asked in judge(suite, [case]):
                yield asked, str(asked.case.get("why") or case.get("why") or "")
        except (KeyError, TypeError, ValueError) as error:
            skipped = f"{name}: the case is laid out otherwise ({type(error).__name__}: {error})"
            yield Question(str(case.get("id", "?")), case, None, lambda _: None, skipped=skipped), ""


def _ask(report: Report, decisions: Decisions, asked: Question, why: str) -> None:
    if asked.skipped:
        report.skipped.append(f"{asked.case_id}: {asked.skipped}")
        return
    accepted, decided = decisions.accepted(asked, why)
    came = [_checked(asked, expect) for expect in accepted]
    if not decided:
        report.undecided.append(asked.case_id)
    if any(text is None for text in came):
        report.passed += 1
    else:
        report.failures.append(f"{asked.case_id}: expected {' or '.join(map(str, accepted))}; came {came[0]}")


def _checked(asked: Question, expect: Any) -> str | None:
    try:
        return asked.check(expect)
    except Exception as error:  # noqa: BLE001 - whatever a case brings about is that case's failure, not the run's end
        return f"{type(error).__name__}: {error}"


def main(arguments: list[str], out: TextIO) -> int:
    """The command; returns the exit status."""
    folder = Path(arguments[0]) if len(arguments) == 1 else None
    if folder is None or not folder.is_dir():
        out.write("usage: python -m tests.support.transcoding_cases DIR (a folder of cases)\n")
        return 2
    report = run(folder, Decisions.load())
    out.writelines(f"skipped {line}\n" for line in report.skipped)
    out.writelines(f"FAILED {line}\n" for line in report.failures)
    if report.undecided:
        out.write(f"{len(report.undecided)} disputed cases are undecided: {' '.join(report.undecided[:20])}\n")
    out.write(report.summary() + "\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
