"""What is installed as a package, as the container image installs it, holds all that the code reads."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow
ROOMS = ("analysis", "cli", "gateway", "mesh", "services", "generated/buf", "generated/credpass", "generated/openapi")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built as the image builds it, and unpacked."""
    built, folder = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("unpacked")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_the_package_has_every_file_of_the_rooms(unpacked: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *ROOMS], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    wanted = {name.removeprefix("generated/") for name in listed.split("\0") if name}
    found = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert len(wanted) > 400
    assert sorted(wanted - found) == []


def test_the_installed_gateway_finds_its_description_and_the_engine_its_models(unpacked: Path) -> None:
    code = (
        "import analysis, credpass, gateway.pages, cli.main, analysis.models.risk as risk;"
        "print(len(gateway.pages.documentation()), cli.main.DEMO_STATEMENT.is_file(), analysis.__file__)"
    )
    # Without the checkout on the path: neither by the working folder nor by the environment.
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=unpacked, env=bare, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["5", "True", str(unpacked / "analysis" / "__init__.py")]


def test_the_package_brings_the_commands_that_the_image_runs(unpacked: Path) -> None:
    (metadata,) = unpacked.glob("credpass-*.dist-info/entry_points.txt")
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert metadata.read_text().split("\n")[1:-1] == [f"{name} = {target}" for name, target in declared.items()]
