"""`python -m services.audit`: the service as a process of its own."""

from __future__ import annotations

from mesh import runner
from services.audit import bootstrap, settings

if __name__ == "__main__":
    runner.run("audit", settings.Settings.load, bootstrap.build)
