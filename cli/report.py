"""What the main job found, for a person and for a program."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.journey import Outcome

TIER_COLOURS = {"poor": "red", "fair": "yellow", "good": "green", "excellent": "bright_green"}
SECONDS_DIGITS = 4


def as_json(outcome: Outcome) -> dict[str, Any]:
    """One object for a program. Without a score (`insufficient_data`) what needs one is null or empty."""
    credential = outcome.credential or {}
    return {
        "status": outcome.upload["result"]["outcome"],
        "score": credential.get("trustScore"),
        "tier": credential.get("tier"),
        "confidence": credential.get("confidence"),
        "dimensions": credential.get("dimensions", {}),
        "credibility": credential.get("credibility"),
        "insights": credential.get("insights", []),
        "recommendations": credential.get("recommendations", []),
        "missing": outcome.upload["result"]["messages"],
        "credentialId": credential.get("credentialId"),
        "verification": outcome.verification,
        "seconds": {name: round(seconds, SECONDS_DIGITS) for name, seconds in outcome.seconds.items()},
    }


def show(console: Console, outcome: Outcome) -> None:
    """Print the outcome for a person."""
    if outcome.credential is None:
        console.print(_without_score(outcome))
        return
    console.print(_score(outcome.credential))
    console.print(_dimensions(outcome.credential))
    console.print(_insights(outcome.credential))
    console.print(_verification(outcome))
    spent = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in outcome.seconds.items())
    console.print(f"[dim]{spent}[/dim]")


def _without_score(outcome: Outcome) -> Panel:
    lines = "\n".join(f"- {line}" for line in outcome.upload["result"]["messages"])
    return Panel(f"The data are not enough for a score:\n{lines}", title="No score", border_style="yellow")


def _score(credential: dict[str, Any]) -> Panel:
    colour = TIER_COLOURS[credential["tier"]]
    line = Text.assemble(
        (f"{credential['trustScore']}", f"bold {colour}"),
        " of 1000, ",
        (credential["tier"], colour),
        f", confidence {credential['confidence']:.2f}",
    )
    facts = credential["metadata"]
    through = f"{facts['dataPoints']:,} transactions through {facts['dataThrough']}"
    return Panel(Group(line, Text(through, "dim")), title="Trust score", border_style=colour)


def _dimensions(credential: dict[str, Any]) -> Table:
    table = Table("Dimension", title="How the score adds up", title_justify="left")
    for heading in ("Score", "Weight", "Points"):
        table.add_column(heading, justify="right")
    for name, part in credential["dimensions"].items():
        table.add_row(name, str(part["score"]), f"{part['weight']:.0%}", f"{part['contribution']:+d}")
    credibility = credential["credibility"]
    table.add_row("credibility of the data", f"x {credibility['factor']:.2f}", "", f"{credibility['contribution']:+d}")
    table.add_section()
    table.add_row("score", "", "", str(credential["trustScore"]), style="bold")
    return table


def _insights(credential: dict[str, Any]) -> Group:
    lines = [Text("Why", "bold")]
    for insight in credential["insights"]:
        mark, colour = ("+", "green") if insight["impact"] == "positive" else ("-", "red")
        lines.append(Text.assemble((f" {mark} ", colour), f"{insight['factor']}: {insight['explanation']}"))
    if credential["recommendations"]:
        lines.append(Text("What would help", "bold"))
        lines += [Text(f" > {line}") for line in credential["recommendations"]]
    return Group(*lines)


def _verification(outcome: Outcome) -> Panel:
    credential, answer = outcome.credential or {}, outcome.verification or {}
    known = f"{answer.get('trustScore')} ({answer.get('tier')}): {'; '.join(answer['insights'])}"
    lines = (
        Text(f"credential {credential['credentialId']}, expires {credential['expiresAt']}"),
        Text(f"verified at {answer['verifiedAt']}: {'valid' if answer['valid'] else answer.get('reason', '')}"),
        Text(f"the institution sees {known}"),
    )
    return Panel(Group(*lines), title="Credential and verification", border_style="cyan")
