"""What runs in the worker process: canonical rows in, findings out. Named by path, never imported by the service."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import orjson

from analysis import pipeline, result, statement
from services.analysis import domain
from services.analysis.adapters import findings

# A chunk is the number of its upload and what is said of that upload: first the doubts about it, as JSON, then the
# bytes of its rows (`scoring.PooledEngine` makes them so).
_UPLOAD_NUMBER_BYTES = 4


def score(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the findings over all uploads, merged per account, oldest first."""
    uploads = statement.told_apart(list(_uploads(source)))
    outcome = pipeline.analyse(
        statement.merge([upload.transactions for upload in uploads]),
        accounts=statement.accounts_once(account for upload in uploads for account in upload.accounts),
        statements=[upload.quality for upload in uploads],
        today=date.fromisoformat(arguments["today"]),
    )
    yield orjson.dumps(findings.fields_of(_findings(outcome)))


def _uploads(source: Iterator[bytes]) -> Iterator[statement.StoredStatement]:
    for _, chunks in itertools.groupby(source, key=lambda chunk: chunk[:_UPLOAD_NUMBER_BYTES]):
        said = (chunk[_UPLOAD_NUMBER_BYTES:] for chunk in chunks)
        doubts = [domain.Doubt(**doubt) for doubt in orjson.loads(next(said))]
        stored = statement.deserialise_rows(said)
        yield dataclasses.replace(stored, quality=_doubted(stored.quality, doubts))


def _doubted(quality: statement.Quality, doubts: Sequence[domain.Doubt]) -> statement.Quality:
    """The quality with further signs of tampering, joined as those of the file are (`TamperReport.score`)."""
    clean = math.prod([1.0 - quality.tamper_score, *(1.0 - doubt.weight for doubt in doubts)])
    codes = (*quality.tamper_codes, *(doubt.code for doubt in doubts))
    return dataclasses.replace(quality, tamper_score=round(1.0 - clean, 4), tamper_codes=codes)


def _findings(outcome: result.AnalysisResult) -> domain.Findings:
    return domain.Findings(
        status=outcome.status,
        trust_score=outcome.score,
        tier=outcome.tier or "",
        confidence=outcome.confidence or 0.0,
        dimensions={
            name: domain.Dimension(part.score, part.weight, part.contribution)
            for name, part in outcome.dimensions.items()
        },
        credibility=_credibility(outcome.credibility),
        insights=tuple(
            domain.Insight(one.factor, one.code, one.impact, one.score_contribution, one.explanation)
            for one in outcome.insights
        ),
        public_insights=outcome.public_insights,
        recommendations=tuple(one.text for one in outcome.recommendations),
        missing=tuple(domain.Missing(one.code, one.explanation) for one in outcome.missing),
        data_points=outcome.n_transactions,
        data_through=outcome.data_through.isoformat() if outcome.data_through else "",
        staleness_days=outcome.staleness_days,
        analysis_version=f"{outcome.versions['features']}.{outcome.versions['policy']}",
    )


def _credibility(line: result.CredibilityLine | None) -> domain.Credibility:
    if line is None:
        return domain.Credibility(1.0, 0)
    return domain.Credibility(line.factor, line.contribution, tuple(reason.explanation for reason in line.reasons))
