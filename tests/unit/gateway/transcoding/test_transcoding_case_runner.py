"""The case runner: the shared folder passes, and the runner itself tells passed from failed, skipped and undecided."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import transcoding_cases
from tests.support.transcoding_cases_decisions import Decisions, case_digest, digest

_SHARED = Path(__file__).parents[4] / ".." / "shared" / "data" / "transcoding"
_VALID = {"valid": True, "segments": ["a"], "variables": [], "verb": ""}


def _folder(tmp_path: Path, **lists: Any) -> Path:
    (tmp_path / "suite.json").write_text(json.dumps(lists))
    return tmp_path


def _run(folder: Path, groups: list[dict[str, Any]] | None = None) -> transcoding_cases.Report:
    return transcoding_cases.run(folder, Decisions(groups or []))


def test_every_shared_case_passes_and_every_dispute_is_decided() -> None:
    if not _SHARED.is_dir():
        pytest.skip("the shared folder of transcoding cases is not beside this repository")
    report = transcoding_cases.run(_SHARED, Decisions.load())
    assert report.failures == []
    assert report.undecided == []
    assert report.skipped == []
    assert report.passed == 981


def test_failure_is_told_with_what_came(tmp_path: Path) -> None:
    cases = [
        {"id": "t1", "template": "/a", "expect": _VALID},
        {"id": "t2", "template": "/a", "expect": {"valid": False}},
    ]
    report = _run(_folder(tmp_path, cases=cases))
    assert (report.passed, len(report.failures)) == (1, 1)
    assert report.failures[0].startswith("t2: expected {'valid': False}; came {'valid': True")


def test_unknown_lists_options_and_layouts_are_skipped_with_the_reason(tmp_path: Path) -> None:
    table = {
        "id": "q",
        "routes": [],
        "requests": [{"id": "q/1", "method": "GET", "path": "/", "expect": {"result": "none"}}],
    }
    report = _run(
        _folder(
            tmp_path,
            riddles=[{"id": "r1"}],
            tables=[
                {**table, "options": {"method_override": True}},
                {"id": "odd", "requests": [{"id": "odd/1"}], "routes": []},
            ],
            about="text is no list",
        )
    )
    assert report.failures == []
    assert [line.split(":")[0] for line in report.skipped] == ["suite.json riddles", "q/1", "odd"]


def test_undecided_dispute_passes_on_any_answer_and_decided_on_one(tmp_path: Path) -> None:
    case = {
        "id": "d1",
        "template": "/a",
        "disputed": True,
        "why": "who knows",
        "expect": {"valid": False},
        "alternatives": [{"by": "us", "expect": _VALID}],
    }
    folder = _folder(tmp_path, cases=[case])
    assert (_run(folder).passed, _run(folder).undecided) == (1, ["d1"])
    known = {"d1": case_digest(case)}
    assert len(_run(folder, [{"take": "expect", "cases": known}]).failures) == 1
    assert _run(folder, [{"take": "alternative", "by": "us", "cases": known}]).passed == 1
    assert _run(folder, [{"take": "answer", "answer": {"valid": True}, "disputes": [digest("who knows")]}]).passed == 1
    assert _run(folder, [{"take": "expect", "cases": {"d1": "another case"}}]).undecided == ["d1"]


def test_case_that_breaks_the_checker_fails_alone(tmp_path: Path) -> None:
    report = _run(
        _folder(tmp_path, field_paths=[{"id": "p", "message": "no.Such", "path": "a", "expect": {"fields": ["a"]}}])
    )
    assert "KeyError" in report.failures[0]


@pytest.mark.parametrize(("expect", "status"), [({"http": 200}, 0), ({"http": 500}, 1)])
def test_command_ends_with_the_summary_and_a_status(tmp_path: Path, expect: dict[str, int], status: int) -> None:
    folder = _folder(tmp_path, codes=[{"id": "c", "code": 0, **expect}])
    out = io.StringIO()
    assert transcoding_cases.main([str(folder)], out) == status
    assert out.getvalue().splitlines()[-1] == f"{1 - status} passed, {status} failed, 0 skipped"
    assert transcoding_cases.main([], io.StringIO()) == 2
