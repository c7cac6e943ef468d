"""`python -m services.verification`: this service alone in its process."""

from __future__ import annotations

from mesh import runner
from services.verification import bootstrap, settings

if __name__ == "__main__":
    runner.run("verification", settings.Settings.load, bootstrap.build)
