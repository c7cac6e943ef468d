"""`credpass-probe SERVICE`: whether the process beside this one is ready, for a container's health check.

It asks the process's own /readyz, at the address that the process's own environment names. A command of its own, not
one of `credpass`: a health check runs every few seconds for as long as the container does, and the commands there
import half a second of libraries.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping, Sequence

from mesh import settings as mesh_settings

# Longer than the process gives its own backends to answer.
TIMEOUT_S = 5.0
# What a process listens on to be reached from everywhere, and where it is reached from beside it.
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not listened on
TEXT_LIMIT_BYTES = 4096


def trouble(service: str, environ: Mapping[str, str]) -> str:
    """What keeps a process from being ready, in one line; empty when it is.

    Raises:
        mesh.settings.SettingsError: the environment does not say where to ask.
    """
    host, port = address(mesh_settings.Settings.load(environ).ops_listen(service))
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        text = answer.read(TEXT_LIMIT_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"nothing answers on port {port} ({type(error).__name__})"
    finally:
        connection.close()
    return "" if answer.status == http.client.OK else "not ready: " + "; ".join(text.splitlines())


def address(listen: str) -> tuple[str, int]:
    """Host and port at which a process beside this one is reached that listens on `host:port` or `[v6]:port`."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    return EVERYWHERE.get(host, host), int(port)


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 ready, 1 not (with a line that says why on standard output, which Docker keeps), 2 misuse."""
    if len(arguments) != 1 or arguments[0] not in mesh_settings.PORTS:
        print(f"usage: credpass-probe {{{','.join(mesh_settings.PORTS)}}}", file=sys.stderr)
        return 2
    try:
        found = trouble(arguments[0], environ)
    except mesh_settings.SettingsError as error:
        found = str(error)
    print(found or "ready")
    return 1 if found else 0


def main() -> None:
    sys.exit(run(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
