"""The garden contract, compiled once a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.transcoding import Options, Transcoder
from tests.support.transcoding_cases_suite import Suite


@pytest.fixture(scope="session")
def garden() -> Suite:
    return Suite(Path(__file__).parent)


@pytest.fixture(scope="session")
def transcoder(garden: Suite) -> Transcoder:
    return Transcoder.from_services([garden.pool.FindServiceByName("garden.v1.GardenService")], Options())
