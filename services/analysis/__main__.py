"""`python -m services.analysis`: this service alone in its process."""

from __future__ import annotations

from mesh import runner
from services.analysis import bootstrap, settings

if __name__ == "__main__":
    runner.run("analysis", settings.Settings.load, bootstrap.build)
