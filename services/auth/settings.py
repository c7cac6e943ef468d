"""What the auth service takes from its environment beside the mesh's own settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from mesh import settings, tokens

_HOUR_S = 60 * 60
_DAY_S = 24 * _HOUR_S


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Lifetimes in seconds; the pool that hashes passwords; what an Argon2id hash costs (`hash_memory_kib`,
    `hash_passes`, `hash_lanes`).
    """

    access_token_s: float = tokens.LIFETIME_S
    refresh_token_s: float = 7 * _DAY_S
    verify_token_s: float = 48 * _HOUR_S
    reset_token_s: float = _HOUR_S
    signing_key_s: float = 90 * _DAY_S
    hash_workers: int = 2
    hash_waiting: int = 16
    hash_memory_kib: int = 64 * 1024
    hash_passes: int = 3
    hash_lanes: int = 4
    mail_interval_s: float = 0.5

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Read CREDPASS_AUTH_* variables. Raises `mesh.settings.SettingsError` naming the one that is wrong."""
        known = cls()
        return cls(
            # Never longer than signing keys overlap.
            access_token_s=settings.duration_s(
                environ, "CREDPASS_AUTH_ACCESS_TOKEN", known.access_token_s, 60, _HOUR_S
            ),
            refresh_token_s=settings.duration_s(
                environ, "CREDPASS_AUTH_REFRESH_TOKEN", known.refresh_token_s, _HOUR_S, 90 * _DAY_S
            ),
            verify_token_s=settings.duration_s(
                environ, "CREDPASS_AUTH_VERIFY_TOKEN", known.verify_token_s, _HOUR_S, 6 * _DAY_S
            ),
            reset_token_s=settings.duration_s(environ, "CREDPASS_AUTH_RESET_TOKEN", known.reset_token_s, 300, _DAY_S),
            signing_key_s=settings.duration_s(
                environ, "CREDPASS_AUTH_SIGNING_KEY", known.signing_key_s, _DAY_S, 366 * _DAY_S
            ),
            hash_workers=settings.integer(environ, "CREDPASS_AUTH_HASH_WORKERS", known.hash_workers, 1, 64),
            hash_waiting=settings.integer(environ, "CREDPASS_AUTH_HASH_WAITING", known.hash_waiting, 0, 10_000),
            hash_memory_kib=settings.integer(
                environ, "CREDPASS_AUTH_HASH_MEMORY_KIB", known.hash_memory_kib, 19 * 1024, 1024 * 1024
            ),
            hash_passes=settings.integer(environ, "CREDPASS_AUTH_HASH_PASSES", known.hash_passes, 2, 20),
            hash_lanes=settings.integer(environ, "CREDPASS_AUTH_HASH_LANES", known.hash_lanes, 1, 16),
            mail_interval_s=settings.duration_s(
                environ, "CREDPASS_AUTH_MAIL_INTERVAL", known.mail_interval_s, 0.05, 60
            ),
        )
