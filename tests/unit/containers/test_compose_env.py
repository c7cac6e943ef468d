"""`make compose-env` makes every secret that compose.yaml demands, once."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import compose_env
from tests.support import compose_file


def lines(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if not line.startswith("#"))


def test_the_file_has_a_secret_for_each_variable_that_is_demanded_and_no_other(tmp_path: Path) -> None:
    assert compose_env.main([str(tmp_path / ".env")]) == 0
    assert lines(tmp_path / ".env").keys() == compose_file.demanded()


def test_secrets_are_long_differ_and_mean_nothing_to_a_url_or_a_shell(tmp_path: Path) -> None:
    compose_env.write(tmp_path / "one")
    compose_env.write(tmp_path / "other")
    found = [*lines(tmp_path / "one").values(), *lines(tmp_path / "other").values()]
    assert len(set(found)) == len(found) == 2 * len(compose_env.SIZES_BYTES)
    assert all(re.fullmatch(r"[0-9a-f]{48,}", value) for value in found)


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    compose_env.write(tmp_path / ".env")
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".env"
    file.write_text("KMS_KEY=the only way to the data\n")
    assert compose_env.main([str(file)]) == 1
    assert file.read_text() == "KMS_KEY=the only way to the data\n"
    assert capsys.readouterr().err == f"{file}: File exists; it is left as it is\n"


def test_it_needs_nothing_but_a_python(tmp_path: Path) -> None:
    """Whoever has Docker has set nothing up yet: -I and -S hide every installed package and the checkout."""
    command = [sys.executable, "-I", "-S", compose_env.__file__, str(tmp_path / ".env")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert (tmp_path / ".env").is_file()


def test_the_file_that_docker_compose_reads_is_in_no_commit_and_in_no_image() -> None:
    assert compose_env.FILE == compose_file.ROOT / ".env"
    assert ".env" in (compose_file.ROOT / ".gitignore").read_text().splitlines()
