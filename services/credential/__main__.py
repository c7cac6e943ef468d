"""`python -m services.credential`: this service alone in its process."""

from __future__ import annotations

from mesh import runner
from services.credential import bootstrap, settings

if __name__ == "__main__":
    runner.run("credential", settings.Settings.load, bootstrap.build)
