from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from analysis.evaluation import plots

_CHANCE = np.linspace(0.01, 0.6, 60)
_BAD = np.arange(60) % 5 == 0


def _parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_a_distribution_has_a_bar_for_each_group_and_bin_within_the_frame() -> None:
    bars = _parsed(plots.distribution(_CHANCE * 1000, _BAD, 0, 1000)).findall("rect")
    assert len(bars) == 40
    assert max(float(bar.attrib["height"]) for bar in bars) <= 300 - 2 * 46 + 0.1


def test_calibration_draws_ten_points_left_to_right() -> None:
    dots = _parsed(plots.calibration(_CHANCE, _BAD)).findall("circle")
    places = [float(dot.attrib["cx"]) for dot in dots]
    assert len(places) == 10
    assert places == sorted(places)


def test_contributions_show_the_strongest_feature_first() -> None:
    parts = np.column_stack([np.linspace(-0.1, 0.1, 30), np.linspace(-2, 2, 30)])
    svg = _parsed(plots.contributions(["weak", "strong"], parts, parts))
    assert [text.text for text in svg.findall("text")] == ["strong", "weak"]
    assert len(svg.findall("circle")) == 60


def test_a_page_escapes_names_and_loads_nothing() -> None:
    page = plots.page("A & B", {"<x>": 1}, {"Score": plots.calibration(_CHANCE, _BAD)})
    assert "A &amp; B" in page
    assert "&lt;x&gt;" in page
    assert "src=" not in page
    assert "<script" not in page
