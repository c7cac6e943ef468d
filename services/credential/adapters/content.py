"""What a credential says, as the bytes that are sealed."""

from __future__ import annotations

from typing import Any

import orjson

from services.credential import domain


def encode(content: domain.Content) -> bytes:
    """JSON of the content."""
    return orjson.dumps(content)


def decode(encoded: bytes) -> domain.Content:
    """The content again."""
    data: dict[str, Any] = orjson.loads(encoded)
    return domain.Content(**{**data, "analysis": _analysis(data["analysis"])})


def _analysis(data: dict[str, Any]) -> domain.Analysis:
    parts = {
        "dimensions": {name: domain.Dimension(**dimension) for name, dimension in data["dimensions"].items()},
        "credibility": domain.Credibility(**data["credibility"]),
        "insights": [domain.Insight(**insight) for insight in data["insights"]],
    }
    return domain.Analysis(**{**data, **parts})
