"""Small statements in the manner of many banks, written for this project, by kind."""

from __future__ import annotations

from tests.support import (
    statement_samples_calendars,
    statement_samples_continent,
    statement_samples_edges,
    statement_samples_habits,
    statement_samples_marks,
    statement_samples_wallets,
    statement_samples_west,
    statement_samples_world,
)

SAMPLES = (
    *statement_samples_west.SAMPLES,
    *statement_samples_continent.SAMPLES,
    *statement_samples_world.SAMPLES,
    *statement_samples_habits.SAMPLES,
    *statement_samples_edges.SAMPLES,
    *statement_samples_calendars.SAMPLES,
    *statement_samples_marks.SAMPLES,
    *statement_samples_wallets.SAMPLES,
)
