"""compose.yaml as Docker Compose reads it: variables put in, anchors merged."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from deploy import compose_env

ROOT = Path(__file__).parents[2]
FILE = ROOT / "compose.yaml"
# https://docs.docker.com/reference/compose-file/interpolation/: the forms that the file uses, and `$$` for a dollar.
_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Z0-9_]+)(?:(:[-?])([^}]*))?\})")


@dataclasses.dataclass(frozen=True)
class Compose:
    """The file with the values that were put in for the variables it demands."""

    content: dict[str, Any]
    values: Mapping[str, str]

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """Every container, backends and one-shots among them."""
        services: dict[str, dict[str, Any]] = self.content["services"]
        return services

    @property
    def processes(self) -> dict[str, str]:
        """By container, the process of ours that it serves."""
        commands = {name: self.services[name]["command"] for name in sorted(self.ours)}
        return {name: command[1] for name, command in commands.items() if command[0] == "serve"}

    @property
    def ours(self) -> set[str]:
        """The containers of the image that is built here."""
        return {name for name, each in self.services.items() if each["image"].startswith("credpass:")}

    def environ(self, service: str) -> dict[str, str]:
        """The environment of a container."""
        environ: dict[str, str] = self.services[service].get("environment", {})
        return environ

    @property
    def once(self) -> set[str]:
        """The containers that `up` runs to their end."""
        return {name for name, each in self.services.items() if each["restart"] == "no"} - self.on_request

    @property
    def on_request(self) -> set[str]:
        """The containers that `up` leaves alone."""
        return {name for name, each in self.services.items() if "profiles" in each}

    @property
    def lasting(self) -> set[str]:
        """The containers that stay up."""
        return self.services.keys() - self.once - self.on_request

    def networks(self, service: str) -> set[str]:
        """The networks of a container."""
        return set(self.services[service].get("networks", ()))

    def published(self, service: str) -> tuple[str, int]:
        """Address of the machine and port of the container of its one published port."""
        (port,) = self.services[service]["ports"]
        host, _, inner = port.split(":")
        return host, int(inner)

    def memory_bytes(self, service: str) -> int:
        """What a container may use at most."""
        found = re.fullmatch(r"(\d+)([MG])", self.services[service]["deploy"]["resources"]["limits"]["memory"])
        assert found is not None
        return int(found[1]) << {"M": 20, "G": 30}[found[2]]


class Missing(Exception):
    """A variable without a value that the file demands; the text is the file's own."""


def read(values: Mapping[str, str]) -> Compose:
    """The file as it stands, with these values. Raises Missing."""
    return Compose(yaml.safe_load(_VARIABLE.sub(lambda found: _value(found, values), FILE.read_text())), values)


@functools.cache
def filled() -> Compose:
    """The file with secrets as `deploy/compose_env.py` makes them."""
    lines = [line for line in compose_env.text().splitlines() if not line.startswith("#")]
    return read(dict(line.split("=", 1) for line in lines))


def demanded() -> set[str]:
    """Variables that the file has no default for."""
    return {found[2] for found in _VARIABLE.finditer(FILE.read_text()) if found[2] and found[3] != ":-"}


def shell(service: str) -> list[str]:
    """The command line of a container whose entry point is a shell."""
    found = filled().services[service]
    return [*found["entrypoint"], *found["command"]]


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    dollar, name, operator, rest = found.groups()
    if dollar:
        return "$"
    if value := values.get(name, ""):
        return value
    if operator != ":-":
        raise Missing(f"{name}: {rest}")
    return str(rest)
