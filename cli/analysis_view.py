"""The engine's report on one statement, as a person would like to read it."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analysis.models import registry, risk
from analysis.result import AnalysisResult
from cli.local_analysis import Report

_COLOURS = {"poor": "red", "fair": "yellow", "good": "green", "excellent": "bright_green"}
_BAR_WIDTH = 20


def show(console: Console, report: Report) -> None:
    """Print the report."""
    result = report.result
    if result.score is None:
        console.print(_without_score(report))
        return
    console.print(_headline(report))
    console.print(_dimensions(result))
    console.print(_insights(result))
    for heading, lines in (
        ("What you can do", [one.text for one in result.recommendations]),
        ("Signals", [one.explanation for one in result.signals]),
        ("How sure this is", [*result.confidence_reasons, *_doubts(result)]),
    ):
        if lines:
            console.print(Text(heading, "bold"))
            console.print("\n".join(f"  - {line}" for line in lines), highlight=False)
    if result.default_risk:
        console.print(Text(_default_risk(result.default_risk)))
    console.print(Text(_data(result), "dim"))


def _without_score(report: Report) -> Panel:
    lines = [f"- {one.explanation}" for one in report.result.missing]
    text = "\n".join(["The data are not enough for a score:", *lines])
    return Panel(Text(text), title=f"No score: {report.file}", border_style="yellow")


def _headline(report: Report) -> Panel:
    result = report.result
    colour = _COLOURS[result.tier or "poor"]
    low, high = result.interval or (0, 1000)
    line = Text.assemble(
        (str(result.score), f"bold {colour}"), " of 1000, ", (result.tier or "", colour),
        f"   90 % interval {low} to {high}, confidence {result.confidence:.2f}",
    )  # fmt: skip
    return Panel(Group(line, Text(report.file, "dim")), title="Trust score", border_style=colour)


def _dimensions(result: AnalysisResult) -> Table:
    table = Table("Dimension", "", title="How the score adds up", title_justify="left")
    for heading in ("Score", "Weight", "Points"):
        table.add_column(heading, justify="right")
    titles = {dimension.name: dimension.title for dimension in registry.DIMENSIONS}
    for name, part in result.dimensions.items():
        filled = round(part.score * _BAR_WIDTH / 1000)
        bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
        table.add_row(titles[name], bar, str(part.score), f"{part.weight:.0%}", f"{part.contribution:+d}")
    if result.credibility:
        factor = f"x {result.credibility.factor:.3f}"
        table.add_row("Credibility of the data", "", factor, "", f"{result.credibility.contribution:+d}")
    table.add_section()
    table.add_row("Score", "", "", "", str(result.score), style="bold")
    return table


def _insights(result: AnalysisResult) -> Table:
    table = Table("", "Why", title="What counted most", title_justify="left")
    table.add_column("Points", justify="right")
    for one in result.insights:
        sign, colour = ("+", "green") if one.impact == "positive" else ("-", "red")
        explanation = Text(f"{one.factor}: {one.explanation}")
        table.add_row(Text(sign, colour), explanation, Text(f"{one.score_contribution:+d}", colour))
    return table


def _default_risk(found: risk.DefaultRisk) -> str:
    beside = "a separate model of real loans, no part of the score"
    if found.outside:
        unlike = ", ".join(name.replace("_", " ") for name in found.outside)
        return f"Default risk not told: the account is unlike those the model knows ({unlike}; {beside})"
    rate = risk.calibration().base_rate
    return f"Default risk {found.probability:.1%} ({beside}; {rate:.0%} of those loans went bad)"


def _doubts(result: AnalysisResult) -> list[str]:
    return [one.explanation for one in result.credibility.reasons] if result.credibility else []


def _data(result: AnalysisResult) -> str:
    quality = result.quality
    checked = f"{quality.links_held} of {quality.links} balances check" if quality.links else "no balances"
    return (
        f"{quality.transactions:,} transactions, {quality.first_day} to {quality.last_day} "
        f"({quality.days_covered} days), {checked}, {quality.understood_share:.0%} understood; "
        f"data {result.staleness_days:,} days old"
    )
