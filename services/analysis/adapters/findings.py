"""Findings as JSON and back: how the worker hands them over and how they lie sealed in documents."""

from __future__ import annotations

import dataclasses
from typing import Any

from services.analysis import domain


def fields_of(findings: domain.Findings) -> dict[str, Any]:
    return dataclasses.asdict(findings)


def of_fields(fields: dict[str, Any]) -> domain.Findings:
    """Raises KeyError or TypeError for anything that `fields_of` did not give."""
    return domain.Findings(
        **{
            **fields,
            "dimensions": {name: domain.Dimension(**parts) for name, parts in fields["dimensions"].items()},
            "credibility": _credibility(fields["credibility"]),
            "insights": tuple(domain.Insight(**insight) for insight in fields["insights"]),
            "missing": tuple(domain.Missing(**missing) for missing in fields["missing"]),
            **{name: tuple(fields[name]) for name in ("public_insights", "recommendations")},
        }
    )


def _credibility(parts: dict[str, Any]) -> domain.Credibility:
    return domain.Credibility(parts["factor"], parts["contribution"], tuple(parts["reasons"]))
