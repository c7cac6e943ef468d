"""A policy: the weights and point tables that turn features into points. One data file a version."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping

import numpy as np

from analysis.preprocessors.columns import Floats

CURRENT = "1"


@dataclasses.dataclass(frozen=True, slots=True)
class PointTable:
    """Points (0..1000) of a feature: straight lines between the cut points `at`, constant outside them."""

    feature: str
    weight: float  # within the dimension; the weights of a dimension sum to 1
    at: tuple[float, ...]
    points: tuple[float, ...]
    why: tuple[str, ...]

    def __call__(self, value: Floats) -> Floats:
        return np.interp(value, self.at, self.points)


@dataclasses.dataclass(frozen=True, slots=True)
class DimensionPolicy:
    """`name` is the JSON name of the dimension; the weights of the six sum to 1."""

    name: str
    weight: float
    tables: tuple[PointTable, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """All tables of one version. `neutral_points` stand for a missing feature."""

    version: str
    neutral_points: float
    dimensions: tuple[DimensionPolicy, ...]

    @property
    def tables(self) -> Mapping[str, PointTable]:
        return {table.feature: table for dimension in self.dimensions for table in dimension.tables}

    def share_of_score(self, feature: str) -> float:
        """Weight of a feature in the whole score."""
        return next(
            dimension.weight * table.weight
            for dimension in self.dimensions
            for table in dimension.tables
            if table.feature == feature
        )


@functools.cache
def load(version: str = CURRENT) -> Policy:
    """The packaged policy of that version; `FileNotFoundError` for one that is not shipped."""
    source = importlib.resources.files("analysis.models") / "data" / f"policy_v{version}.json"
    content = json.loads(source.read_text(encoding="utf-8"))
    dimensions = tuple(
        DimensionPolicy(entry["name"], entry["weight"], tuple(_table(feature) for feature in entry["features"]))
        for entry in content["dimensions"]
    )
    return Policy(content["version"], float(content["neutral_points"]), dimensions)


def _table(entry: Mapping[str, object]) -> PointTable:
    points = entry["points"]
    assert isinstance(points, list)
    return PointTable(
        feature=str(entry["name"]),
        weight=float(str(entry["weight"])),
        at=tuple(float(point["at"]) for point in points),
        points=tuple(float(point["points"]) for point in points),
        why=tuple(str(point["why"]) for point in points),
    )
