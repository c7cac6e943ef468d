"""`make cluster`: real servers, the whole system on them as separate processes, the main job, and on until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import cluster_servers

DEMO = Path(__file__).parents[2] / "cli" / "data" / "demo_statement.csv"


def main(port: str, statement: str) -> int:
    """The exit status of `credpass cluster`."""
    with tempfile.TemporaryDirectory(prefix="credpass-cluster-") as scratch:
        folder = Path(scratch)
        print("Starting Kafka, FerretDB, Redis, moto (S3, KMS) and a mail server", flush=True)
        with cluster_servers.held(folder / "servers") as (servers, mailbox):
            # Ctrl-C is for the system, which drains; the servers are needed until it has ended.
            signal.signal(signal.SIGINT, lambda *_: None)
            where = ("--mailbox", str(mailbox), "--data", str(folder / "data"))
            wishes = ("--port", port, "--statement", statement or str(DEMO))
            command = [sys.executable, "-m", "cli.main", "cluster", *where, *wishes]
            return subprocess.run(command, env={**os.environ, **servers}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
