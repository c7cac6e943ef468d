"""The answer of the engine, and its form in JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from analysis.explainability.insights import Insight
from analysis.explainability.recommendations import Recommendation
from analysis.models.credibility import Reason
from analysis.models.risk import DefaultRisk
from analysis.models.scoring import DimensionScore
from analysis.models.signals import Signal
from analysis.preprocessors.quality import Gap, QualityReport

Status = Literal["scored", "insufficient_data"]


@dataclasses.dataclass(frozen=True, slots=True)
class CredibilityLine:
    """`contribution` is zero or negative."""

    factor: float
    contribution: int
    reasons: tuple[Reason, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """Something an answer needs and the history does not have."""

    code: str
    explanation: str


@dataclasses.dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything the engine says. Score, tier, dimensions, credibility, confidence and interval are absent
    (None, empty) when `status` is "insufficient_data"; `missing` then says why.
    """

    status: Status
    missing: tuple[Missing, ...]
    score: int | None
    tier: str | None
    dimensions: Mapping[str, DimensionScore]
    credibility: CredibilityLine | None
    confidence: float | None
    confidence_reasons: tuple[str, ...]
    interval: tuple[int, int] | None
    insights: tuple[Insight, ...]
    public_insights: tuple[str, ...]
    recommendations: tuple[Recommendation, ...]
    signals: tuple[Signal, ...]
    default_risk: DefaultRisk | None  # None also where it was not asked for, or the statement prints no balances
    features: Mapping[str, float | None]
    quality: QualityReport
    as_of: dt.date
    data_through: dt.date | None
    staleness_days: int
    n_transactions: int
    versions: Mapping[str, str | None]

    def to_dict(self) -> dict[str, Any]:
        """JSON types only; `from_dict` gives the same result back."""
        return {
            "status": self.status,
            "missing": [dataclasses.asdict(one) for one in self.missing],
            "score": self.score,
            "tier": self.tier,
            "dimensions": {name: dataclasses.asdict(part) for name, part in self.dimensions.items()},
            "credibility": _listed(dataclasses.asdict(self.credibility)) if self.credibility else None,
            "confidence": self.confidence,
            "confidenceReasons": list(self.confidence_reasons),
            "interval": list(self.interval) if self.interval else None,
            "insights": [dataclasses.asdict(one) for one in self.insights],
            "publicInsights": list(self.public_insights),
            "recommendations": [dataclasses.asdict(one) for one in self.recommendations],
            "signals": [dataclasses.asdict(one) for one in self.signals],
            "default_risk": _listed(dataclasses.asdict(self.default_risk)) if self.default_risk else None,
            "features": dict(self.features),
            "quality": _listed(dataclasses.asdict(self.quality)),
            "asOf": self.as_of.isoformat(),
            "dataThrough": self.data_through.isoformat() if self.data_through else None,
            "stalenessDays": self.staleness_days,
            "nTransactions": self.n_transactions,
            "versions": dict(self.versions),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> AnalysisResult:
        """What `to_dict` gave; raises `KeyError` or `TypeError` on anything else."""
        return cls(
            status=content["status"],
            missing=tuple(Missing(**one) for one in content["missing"]),
            score=content["score"],
            tier=content["tier"],
            dimensions={name: DimensionScore(**part) for name, part in content["dimensions"].items()},
            credibility=_credibility(content["credibility"]),
            confidence=content["confidence"],
            confidence_reasons=tuple(content["confidenceReasons"]),
            interval=tuple(content["interval"]) if content["interval"] else None,
            insights=tuple(Insight(**one) for one in content["insights"]),
            public_insights=tuple(content["publicInsights"]),
            recommendations=tuple(Recommendation(**one) for one in content["recommendations"]),
            signals=tuple(Signal(**one) for one in content["signals"]),
            default_risk=_risk(content["default_risk"]),
            features=dict(content["features"]),
            quality=_quality(content["quality"]),
            as_of=dt.date.fromisoformat(content["asOf"]),
            data_through=_date(content["dataThrough"]),
            staleness_days=content["stalenessDays"],
            n_transactions=content["nTransactions"],
            versions=dict(content["versions"]),
        )


def _listed(value: Any) -> Any:
    """Tuples as lists, dates as ISO text, at every depth."""
    if isinstance(value, dict):
        return {name: _listed(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(part) for part in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _risk(content: Mapping[str, Any] | None) -> DefaultRisk | None:
    return DefaultRisk(**{**content, "outside": tuple(content["outside"])}) if content else None


def _credibility(content: Mapping[str, Any] | None) -> CredibilityLine | None:
    if content is None:
        return None
    reasons = tuple(Reason(**one) for one in content["reasons"])
    return CredibilityLine(content["factor"], content["contribution"], reasons)


def _quality(content: Mapping[str, Any]) -> QualityReport:
    gaps = tuple(
        Gap(dt.date.fromisoformat(gap["after"]), dt.date.fromisoformat(gap["before"]), gap["days"])
        for gap in content["gaps"]
    )
    dates = {name: _date(content[name]) for name in ("first_day", "last_day")}
    return QualityReport(**{**content, **dates, "gaps": gaps, "currencies": tuple(content["currencies"])})


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
