"""What holds for every test."""

from __future__ import annotations

import hypothesis

# On a busy machine an example may wait for a processor: how long it takes, and how many come in a second, says nothing.
hypothesis.settings.register_profile(
    "credpass", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("credpass")
