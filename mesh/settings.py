"""What every process takes from its environment, and the readers that services use for their own settings."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

# Fixed default ports. Each process also has an ops port (HTTP) and a health port (gRPC), both plain and loopback only.
PORTS: Mapping[str, int] = {
    "gateway": 8080,
    "auth": 7101,
    "ingestion": 7102,
    "analysis": 7103,
    "credential": 7104,
    "verification": 7105,
    "audit": 7106,
}
OPS_OFFSET = 100
HEALTH_OFFSET = 200
# The gateway's own port is the outside one; its ops and health ports keep to the row of the others.
GATEWAY_ROW = 7100
SERVICES: tuple[str, ...] = tuple(name for name in PORTS if name != "gateway")
LOG_LEVELS = ("debug", "info", "warning", "error")

Hidden = TypeVar("Hidden", bound=str | bytes)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class SettingsError(Exception):
    """A setting is wrong. The message is one line and names the variable; it never shows a secret."""


class Secret(Generic[Hidden]):
    """A value that no log, repr or traceback shows."""

    __slots__ = ("_value",)

    def __init__(self, value: Hidden) -> None:
        self._value = value

    def reveal(self) -> Hidden:
        """The value itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))


def text(environ: Mapping[str, str], name: str, default: str) -> str:
    """A string without blanks around it; the default where the variable is unset or empty."""
    return environ.get(name, "").strip() or default


def integer(environ: Mapping[str, str], name: str, default: int, minimum: int, maximum: int) -> int:
    """A whole number in [minimum, maximum].

    Raises:
        SettingsError: it is none.
    """
    raw = text(environ, name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise SettingsError(f"{name}: {raw!r} is not a whole number") from None
    if not minimum <= value <= maximum:
        raise SettingsError(f"{name}: {value} is not between {minimum} and {maximum}")
    return value


def duration_s(
    environ: Mapping[str, str], name: str, default: float, minimum: float = 0.0, maximum: float = math.inf
) -> float:
    """A duration in seconds: "90", "1.5s", "250ms", "10m", "24h", "7d".

    Raises:
        SettingsError: it is none, or outside [minimum, maximum].
    """
    raw = text(environ, name, str(default))
    match = _DURATION.fullmatch(raw)
    if match is None:
        raise SettingsError(f"{name}: {raw!r} is not a duration such as 30s or 5m")
    value = float(match[1]) * _UNITS_S[match[2] or "s"]
    if not minimum <= value <= maximum:
        raise SettingsError(f"{name}: {raw} is not between {minimum:g}s and {maximum:g}s")
    return value


def choice(environ: Mapping[str, str], name: str, default: str, *choices: str) -> str:
    """One of a few words.

    Raises:
        SettingsError: it is none of them.
    """
    value = text(environ, name, default).lower()
    if value not in choices:
        raise SettingsError(f"{name}: {value!r} is none of {', '.join(choices)}")
    return value


def address(environ: Mapping[str, str], name: str, default: str) -> str:
    """Where to listen or connect: `host:port`, `[v6]:port`, `unix:/path` or, to connect, `dns:///name:port`.

    Raises:
        SettingsError: it is none of these.
    """
    value = text(environ, name, default)
    if value.startswith("unix:"):
        if len(value) > len("unix:"):
            return value
    elif value.rpartition(":")[0] and value.rpartition(":")[2].isdecimal() and int(value.rpartition(":")[2]) < 1 << 16:
        return value
    raise SettingsError(f"{name}: {value!r} is not an address such as 127.0.0.1:7101 or unix:/run/x.sock")


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of the mesh.

    `data`: folder under which relative paths of backends lie. `targets`: where each service is reached. `listens`:
    where each service listens. `ops_listens`, `health_listens`: plain ports (HTTP; gRPC health) by process, loopback
    or pod network only. `drain_s`: how long a stopping server lets calls finish. `public_url`: for links in mails.
    `concurrency`: calls that one server works on at once; more are refused as overload. `instance`: this process's
    name in its consumer groups on Kafka, unique and the same after a restart, which then moves no partitions; or empty.
    """

    data: Path = Path("var")
    # URLs may carry passwords: no repr shows them.
    documents_url: str = dataclasses.field(default="sqlite:credpass.db", repr=False)
    events_url: str = dataclasses.field(default="sqlite:events.db", repr=False)
    cache_url: str = dataclasses.field(default="memory:", repr=False)
    blobs_url: str = dataclasses.field(default="file:blobs", repr=False)
    keys_url: str = dataclasses.field(default="file:keys", repr=False)
    mail_url: str = dataclasses.field(default="file:mail", repr=False)
    tls_dir: Path = Path("var/tls")
    public_url: str = "http://127.0.0.1:8080"
    log_level: str = "info"
    targets: Mapping[str, str] = dataclasses.field(default_factory=lambda: default_addresses(PORTS))
    listens: Mapping[str, str] = dataclasses.field(default_factory=lambda: default_addresses(PORTS))
    ops_listens: Mapping[str, str] = dataclasses.field(default_factory=lambda: side_addresses(OPS_OFFSET))
    health_listens: Mapping[str, str] = dataclasses.field(default_factory=lambda: side_addresses(HEALTH_OFFSET))
    drain_s: float = 20.0
    concurrency: int = 1000
    instance: str = ""

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Read CREDPASS_* variables.

        Raises:
            SettingsError: a value is wrong; the message names the variable.
        """
        data, defaults = Path(text(environ, "CREDPASS_DATA", "./var")), cls()
        urls = {
            f"{name}_url": text(environ, f"CREDPASS_{name.upper()}_URL", getattr(defaults, f"{name}_url"))
            for name in ("documents", "events", "cache", "blobs", "keys", "mail", "public")
        }
        return cls(
            data=data,
            **urls,
            tls_dir=data / text(environ, "CREDPASS_TLS_DIR", "tls"),
            log_level=choice(environ, "CREDPASS_LOG_LEVEL", "info", *LOG_LEVELS),
            targets=addresses(environ, "TARGET", default_addresses(PORTS)),
            listens=addresses(environ, "LISTEN", default_addresses(PORTS)),
            ops_listens=one_address(environ, "CREDPASS_OPS_LISTEN", side_addresses(OPS_OFFSET)),
            health_listens=one_address(environ, "CREDPASS_HEALTH_LISTEN", side_addresses(HEALTH_OFFSET)),
            drain_s=duration_s(environ, "CREDPASS_DRAIN", 20.0, 0.0, 600.0),
            concurrency=integer(environ, "CREDPASS_CONCURRENCY", 1000, 1, 100_000),
            instance=text(environ, "CREDPASS_INSTANCE", ""),
        )

    def listen(self, service: str) -> str:
        """Where a service listens with mTLS."""
        return self.listens[service]

    def target(self, service: str) -> str:
        """Where a service is reached."""
        return self.targets[service]

    def ops_listen(self, process: str) -> str:
        """Where a process answers /metrics, /healthz and /readyz over plain HTTP."""
        return self.ops_listens[process]

    def health_listen(self, process: str) -> str:
        """Where a process answers grpc.health.v1 without TLS."""
        return self.health_listens[process]

    def over_sockets(self, folder: Path) -> Settings:
        """The same settings with every service listening on, and reached by, a Unix socket in `folder`."""
        sockets = {name: f"unix:{folder / name}.sock" for name in SERVICES}
        listens, targets = {**self.listens, **sockets}, {**self.targets, **sockets}
        return dataclasses.replace(self, listens=listens, targets=targets)


def default_addresses(ports: Mapping[str, int]) -> dict[str, str]:
    """Loopback addresses by service."""
    return {name: f"127.0.0.1:{port}" for name, port in ports.items()}


def side_addresses(offset: int) -> dict[str, str]:
    """Loopback addresses of a plain port by process."""
    rows = {**PORTS, "gateway": GATEWAY_ROW}
    return default_addresses({name: port + offset for name, port in rows.items()})


def addresses(environ: Mapping[str, str], kind: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """CREDPASS_<SERVICE>_<kind> for every service."""
    return {name: address(environ, f"CREDPASS_{name.upper()}_{kind}", default) for name, default in defaults.items()}


def one_address(environ: Mapping[str, str], name: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """One variable that stands for whichever process reads it."""
    return {process: address(environ, name, default) for process, default in defaults.items()}
