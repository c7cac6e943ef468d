"""`python -m services.ingestion`: this service alone in its process."""

from __future__ import annotations

from mesh import runner
from services.ingestion import bootstrap, settings

if __name__ == "__main__":
    runner.run("ingestion", settings.Settings.load, bootstrap.build)
