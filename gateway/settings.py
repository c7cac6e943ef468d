"""What the gateway takes from its environment."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping

from mesh import settings as mesh_settings

BUDGETS = {
    "authentication": "120/minute",
    "read": "1200/minute",
    "write": "300/minute",
    "upload": "60/minute",
    "verify": "12000/minute",
}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the edge.

    `budgets`: requests by rate class, in the notation of the `limits` package ("120/minute"). `trusted_proxies`:
    networks whose X-Forwarded-For is believed. `cors_origins`: origins that browsers may call from.
    """

    listen: str
    body_limit_bytes: int
    upload_limit_bytes: int
    cors_origins: frozenset[str]
    trusted_proxies: tuple[Network, ...]
    budgets: Mapping[str, str]
    request_timeout_s: float
    upload_timeout_s: float
    coalescing: bool

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Read CREDPASS_* variables.

        Raises:
            mesh.settings.SettingsError: a value is wrong; the message names the variable.
        """
        integer, duration_s = mesh_settings.integer, mesh_settings.duration_s
        return cls(
            listen=environ.get("CREDPASS_GATEWAY_LISTEN", "127.0.0.1:8080"),
            body_limit_bytes=integer(environ, "CREDPASS_BODY_LIMIT_BYTES", 1 << 20, 1024, 64 << 20),
            upload_limit_bytes=integer(environ, "CREDPASS_UPLOAD_LIMIT_BYTES", 25_000_000, 1024, 1 << 31),
            cors_origins=frozenset(words(environ, "CREDPASS_CORS_ORIGINS")),
            trusted_proxies=tuple(network(text) for text in words(environ, "CREDPASS_TRUSTED_PROXIES")),
            budgets={name: budget(environ, name, default) for name, default in BUDGETS.items()},
            request_timeout_s=duration_s(environ, "CREDPASS_REQUEST_TIMEOUT", 15.0),
            upload_timeout_s=duration_s(environ, "CREDPASS_UPLOAD_TIMEOUT", 300.0),
            coalescing=environ.get("CREDPASS_COALESCING", "on") != "off",
        )


def words(environ: Mapping[str, str], name: str) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in environ.get(name, "").split(",") if word.strip()]


def network(text: str) -> Network:
    """An IP network such as 10.0.0.0/8."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise mesh_settings.SettingsError(f"CREDPASS_TRUSTED_PROXIES: {text!r} is not an IP network") from None


def budget(environ: Mapping[str, str], name: str, default: str) -> str:
    """A budget in the notation of the `limits` package."""
    import limits

    variable = f"CREDPASS_RATE_{name.upper()}"
    text = environ.get(variable, default)
    try:
        limits.parse(text)
    except ValueError:
        raise mesh_settings.SettingsError(f"{variable}: {text!r} is not a budget such as {default!r}") from None
    return text
