"""Plots of an evaluation as SVG inside one HTML page: no script, nothing loaded from anywhere."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from analysis.preprocessors.columns import Bools, Floats

_WIDTH, _HEIGHT, _MARGIN = 640, 300, 46
_GOOD, _BAD, _LINE = "#2b7a78", "#c8553d", "#888888"
_BINS = 10
_ROW_HEIGHT = 34
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body{{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}}
svg{{width:100%;height:auto}}
td,th{{text-align:left;padding:.1rem .8rem .1rem 0}} text{{font:12px system-ui,sans-serif}}
</style></head><body><h1>{title}</h1>{body}</body></html>
"""


def page(title: str, figures: Mapping[str, object], plots: Mapping[str, str]) -> str:
    """An HTML page with a table of `figures` and the `plots` by heading."""
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in figures.items()
    )
    drawn = "".join(f"<h2>{html.escape(heading)}</h2>{plot}" for heading, plot in plots.items())
    return _PAGE.format(title=html.escape(title), body=f"<table>{rows}</table>{drawn}")


def distribution(values: Floats, bad: Bools, low: float, high: float) -> str:
    """Histograms of good and bad side by side, each as the share of its own group."""
    edges = np.linspace(low, high, 2 * _BINS + 1)
    shares = [np.histogram(np.clip(values[part], low, high), edges)[0] / max(part.sum(), 1) for part in (~bad, bad)]
    top = max(float(max(share.max() for share in shares)), 1e-9)
    width = (_WIDTH - 2 * _MARGIN) / (2 * _BINS)
    bars = [
        _bar(_MARGIN + place * width + side * width / 2, share / top, width / 2 - 1, colour)
        for side, (group, colour) in enumerate(zip(shares, (_GOOD, _BAD), strict=True))
        for place, share in enumerate(group.tolist())
    ]
    return _svg([*bars, *_axis(low, high), *_legend((("good", _GOOD), ("bad", _BAD)))], _HEIGHT)


def calibration(probability: Floats, bad: Bools) -> str:
    """Share of bad against the mean probability in ten bins of equal size; the line is perfect calibration."""
    bins = [part for part in np.array_split(np.argsort(probability, kind="stable"), _BINS) if len(part)]
    points = [(float(probability[part].mean()), float(bad[part].mean())) for part in bins]
    top = max(max(pair) for pair in points) * 1.1 or 1.0
    diagonal = _segment(_x(0, 0, top), _y(0), _x(top, 0, top), _y(1), _LINE)
    dots = [_dot(_x(x, 0, top), _y(y / top), _BAD, 5) for x, y in points]
    return _svg([diagonal, *dots, *_axis(0, top)], _HEIGHT)


def contributions(names: Sequence[str], parts: Floats, features: Floats) -> str:
    """SHAP summary: one row a feature, a dot a case, placed by its contribution, dark for a high value.

    `parts` and `features` have shape (cases, features); the features with the greatest contributions come first.
    """
    order = np.argsort(-np.abs(parts).mean(axis=0), kind="stable")
    reach = float(np.abs(parts).max()) or 1.0
    drawn: list[str] = [_segment(_x(0, -reach, reach), 10, _x(0, -reach, reach), 20 + _ROW_HEIGHT * len(names), _LINE)]
    for row, place in enumerate(order.tolist()):
        middle = 24 + row * _ROW_HEIGHT
        drawn.append(f'<text x="4" y="{middle - 10}">{html.escape(names[place])}</text>')
        drawn += _swarm(parts[:, place], features[:, place], middle, reach)
    return _svg(drawn, 40 + _ROW_HEIGHT * len(names))


def _swarm(parts: Floats, values: Floats, middle: float, reach: float) -> Iterator[str]:
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)
    for number, (part, high) in enumerate(zip(parts.tolist(), rank.tolist(), strict=True)):
        lift = number * 7 % 13 - 6  # spreads dots that fall on one place
        shade = f"rgb({int(220 - 180 * high)},{int(200 - 120 * high)},{int(180 - 60 * high)})"
        yield _dot(_x(part, -reach, reach), middle + lift, shade, 2.5)


def _x(value: float, low: float, high: float) -> float:
    return _MARGIN + (value - low) / (high - low) * (_WIDTH - 2 * _MARGIN)


def _y(share: float) -> float:
    return _HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN)


def _bar(x: float, share: float, width: float, colour: str) -> str:
    top = _y(share)
    return f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_y(0) - top:.1f}" fill="{colour}"/>'


def _dot(x: float, y: float, colour: str, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" fill-opacity="0.8"/>'


def _segment(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _axis(low: float, high: float) -> Iterator[str]:
    yield _segment(_MARGIN, _y(0), _WIDTH - _MARGIN, _y(0), _LINE)
    for step in range(5):
        value = low + (high - low) * step / 4
        yield f'<text x="{_x(value, low, high):.1f}" y="{_y(0) + 18}" text-anchor="middle">{value:.4g}</text>'


def _legend(entries: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for place, (name, colour) in enumerate(entries):
        yield f'<text x="{_MARGIN + place * 60}" y="20" fill="{colour}">{name}</text>'


def _svg(parts: Sequence[str], height: int) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'
