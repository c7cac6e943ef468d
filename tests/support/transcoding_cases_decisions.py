"""docs/transcoding.json: how each disputed case is decided, once.

A group decides its cases: `take` is `expect`, `alternative` (`by` says whose) or `answer` (which stands beside it).
Cases are known by id and a digest of their content, so that another folder may use the same ids; a group's `disputes`
are digests of the reason why a case is disputed, so that the same dispute in another folder is decided the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .transcoding_cases_suite import Case, Question

PATH = Path(__file__).parents[2] / "docs" / "transcoding.json"
_DIGEST_CHARS = 12


def digest(value: Any) -> str:
    """A short name of any JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]


def case_digest(case: Case) -> str:
    """Names the case by what it asks and expects, wherever it was taken from."""
    return digest({key: value for key, value in case.items() if key not in ("source", "why", "note")})


class Decisions:
    """What to expect of disputed cases."""

    def __init__(self, groups: Sequence[Mapping[str, Any]]) -> None:
        self._by_case = {(case_id, name): group for group in groups for case_id, name in group.get("cases", {}).items()}
        self._by_dispute = {name: group for group in groups for name in group.get("disputes", ())}

    @classmethod
    def load(cls, path: Path = PATH) -> Decisions:
        """The project's decisions."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["groups"])

    def accepted(self, asked: Question, why: str) -> tuple[list[Any], bool]:
        """What may come, and whether that was decided: one thing where it was, else `expect` or any alternative."""
        open_answers = [asked.expect, *(expect for _, expect in asked.alternatives)]
        if not asked.disputed:
            return [asked.expect], True
        group = self._by_case.get((asked.case_id, case_digest(asked.case))) or self._by_dispute.get(digest(why))
        if group is None:
            return open_answers, False
        if group["take"] == "answer":
            return [group["answer"]], True
        if group["take"] == "alternative":
            taken = [expect for by, expect in asked.alternatives if by == group["by"]]
            return (taken or open_answers), bool(taken)
        return [asked.expect], True
