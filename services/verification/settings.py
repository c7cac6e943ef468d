"""Settings of the verification service: it has none beside those of the mesh."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Settings:
    """Nothing to set: how long answers are kept is part of the promise, the same everywhere."""

    @classmethod
    def load(cls, _: Mapping[str, str]) -> Settings:
        """The settings."""
        return cls()
