from __future__ import annotations

from mesh import runner
from services.auth import bootstrap, settings

if __name__ == "__main__":
    runner.run("auth", settings.Settings.load, bootstrap.build)
