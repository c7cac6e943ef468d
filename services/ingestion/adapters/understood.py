"""An understanding as JSON and back: how the worker hands it over and how it lies sealed in documents."""

from __future__ import annotations

import dataclasses
from typing import Any

from services.ingestion.understanding import (
    BalanceBreak,
    Layout,
    Reconciliation,
    RowProblem,
    Signal,
    Tamper,
    Understanding,
)


def fields_of(understanding: Understanding) -> dict[str, Any]:
    return dataclasses.asdict(understanding)


def of_fields(fields: dict[str, Any]) -> Understanding:
    """Raises KeyError or TypeError for anything that `fields_of` did not give."""
    return Understanding(
        **{
            **fields,
            "currencies": tuple(fields["currencies"]),
            "layout": Layout(**fields["layout"]),
            "reconciliation": _reconciliation(fields["reconciliation"]),
            "problems": tuple(RowProblem(**problem) for problem in fields["problems"]),
            "tamper": Tamper(
                fields["tamper"]["score"], tuple(Signal(**signal) for signal in fields["tamper"]["signals"])
            ),
            "notes": tuple(fields["notes"]),
        }
    )


def _reconciliation(fields: dict[str, Any]) -> Reconciliation:
    return Reconciliation(**{**fields, "breaks": tuple(BalanceBreak(**gap) for gap in fields["breaks"])})
