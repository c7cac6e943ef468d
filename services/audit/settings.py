"""What the audit service takes from its environment beside the mesh's own settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from mesh import settings

_DAY_S = 24 * 60 * 60


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How long records are kept, and how often old ones are looked for, in seconds."""

    retention_s: float = 730 * _DAY_S
    prune_interval_s: float = 60 * 60

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingsError naming the variable that is wrong. Nothing younger than a day can be pruned."""
        return cls(
            retention_s=settings.duration_s(environ, "CREDPASS_AUDIT_RETENTION", cls().retention_s, _DAY_S),
            prune_interval_s=settings.duration_s(environ, "CREDPASS_AUDIT_PRUNE_INTERVAL", 60 * 60, 60, _DAY_S),
        )
