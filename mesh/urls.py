"""Backend URLs: `scheme:rest`, where `file:` and the like name a path under the data folder."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

from mesh import settings


def scheme(url: str) -> str:
    """The part before the first colon, lower-case; empty without a colon."""
    head, colon, _ = url.partition(":")
    return head.lower() if colon else ""


def path(url: str, data: Path) -> Path:
    """The path that `file:blobs` (under `data`), `file:/srv/blobs` or `file:///srv/blobs` name."""
    rest = url.partition(":")[2].removeprefix("//")
    return data / urllib.parse.unquote(rest)


def folder(variable: str, url: str, data: Path) -> Path:
    """The folder that a URL names. Raises SettingsError when it names none: the data folder itself is nobody's."""
    found = path(url, data)
    if found == data:
        raise settings.SettingsError(f"{variable}: names no folder")
    return found


def unknown(variable: str, url: str, *known: str) -> settings.SettingsError:
    """The error for a URL that no backend answers to. It names setting and scheme, never the rest of the URL."""
    expected = ", ".join(f"{name}:" for name in known)
    return settings.SettingsError(f"{variable}: unknown scheme {scheme(url)!r}; known are {expected}")
