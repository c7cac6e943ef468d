"""Fetches and builds the servers that come from package registries, before the tests, whose time is limited.

What cannot be had is said and left: the tests that need it say so too.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ferretdb, kafka_server


def main() -> None:
    for name, fetch in (("Kafka", kafka_server.libraries), ("FerretDB", ferretdb.binary)):
        try:
            fetch()
        except (pytest.skip.Exception, pytest.fail.Exception, OSError, subprocess.SubprocessError) as reason:
            print(f"{name} cannot be had here: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
