"""The image is built from pinned and hashed parts alone, and what it runs is nobody with rights."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from typing import NamedTuple

import pytest

from tests.support import compose_file

ROOT = compose_file.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-image.txt", "requirements-build.txt")


class Instruction(NamedTuple):
    """One line of a Dockerfile, continuations joined."""

    name: str
    rest: str


def instructions() -> list[Instruction]:
    """https://docs.docker.com/reference/dockerfile/: comments fall away, a backslash joins lines."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def stages() -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.name == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def rest_of(name: str, stage: list[Instruction]) -> list[str]:
    return [instruction.rest for instruction in stage if instruction.name == name]


def commands(stage: list[Instruction]) -> list[str]:
    return [part.strip() for rest in rest_of("RUN", stage) for part in rest.split("&&")]


def locked(name: str) -> dict[str, str]:
    """Versions by package, with the marker of a universal lock left out."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE))


def kept_in(path: str) -> bool:
    """Whether .dockerignore lets a path into the build: the last line that matches it or a folder above it decides."""
    kept = True
    above = ["/".join(path.split("/")[: depth + 1]) for depth in range(path.count("/") + 1)]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        anywhere = line.startswith("**/")
        if not line.startswith("#") and any(
            fnmatch.fnmatch(each.rpartition("/")[2] if anywhere else each, pattern) for each in above
        ):
            kept = line.startswith("!")
    return kept


def test_both_stages_stand_on_one_base_pinned_to_a_release_of_the_python_that_is_tested() -> None:
    (base,) = [each.rest.removeprefix("BASE=") for each in instructions() if each.rest.startswith("BASE=")]
    found = re.fullmatch(r"python:(\d+\.\d+)\.\d+-slim-[a-z]+", base)
    assert found is not None
    assert found[1] == PROJECT["tool"]["mypy"]["python_version"]
    assert [rest_of("FROM", stage) for stage in stages()] == [["${BASE} AS build"], ["${BASE}"]]


def test_the_image_runs_as_a_user_without_rights_that_is_a_number() -> None:
    users = rest_of("USER", stages()[-1])
    assert len(users) == 1
    assert all(int(part) >= 1000 for part in users[0].split(":"))
    user, group = users[0].split(":")
    written = next(command for command in commands(stages()[-1]) if command.startswith("install -d"))
    made = {f"/var/lib/{folder}" for folder in written.split() if folder.startswith("credpass")}
    assert f"-m 0700 -o {user} -g {group} " in written
    compose = compose_file.filled()
    mounted = {volume.split(":")[1] for name in compose.ours for volume in compose.services[name].get("volumes", ())}
    assert mounted < made  # else a new volume would belong to root


def test_packages_come_from_hashed_locks_or_from_what_was_just_built() -> None:
    installs = [command for stage in stages() for command in commands(stage) if " install " in f" {command} "]
    pips = [command for command in installs if "pip" in command.split(" install ")[0]]
    assert len(pips) == 3
    for command in pips:
        lock = re.search(r"--require-hashes --requirement (\S+)$", command)
        assert (lock is not None and lock[1] in LOCKS) or re.search(r"--no-deps --no-index dist/\*\.whl$", command)
    (system,) = [command for command in installs if command.startswith("apt-get")]
    assert system.split()[-1] == "libgomp1"  # no compiler, no shell tools


def test_the_build_names_no_index_and_no_host() -> None:
    text = (ROOT / "Dockerfile").read_text() + "".join((ROOT / name).read_text() for name in LOCKS)
    assert not re.search(r"--(extra-)?index|--find-links|--trusted-host|https?://", text)


def test_what_is_copied_is_there_and_let_into_the_build() -> None:
    sources = [word for stage in stages() for rest in rest_of("COPY", stage) for word in rest.split()[:-1]]
    ours = [word.rstrip("/") for word in sources if not word.startswith(("--from", "/opt"))]
    assert len(ours) == 10
    for source in ours:
        assert (ROOT / source).exists(), source
        assert kept_in(source), source


def test_every_file_of_the_package_is_let_into_the_build() -> None:
    rooms = ("analysis", "cli", "gateway", "generated", "mesh", "services")
    listed = subprocess.run(
        ["git", "ls-files", "-z", *rooms], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    names = [name for name in listed.split("\0") if name]
    assert len(names) > 400
    assert [name for name in names if not kept_in(name)] == []


@pytest.mark.parametrize("path", [".env", ".git/config", "var/keys/current", "tests/conftest.py", "mesh/x.pyc", "tls"])
def test_nothing_else_is_let_into_the_build(path: str) -> None:
    assert not kept_in(path)


def test_the_image_runs_the_command_line_and_looks_where_its_volumes_are() -> None:
    last = stages()[-1]
    assert json.loads(rest_of("ENTRYPOINT", last)[0]) == ["credpass"]
    assert "credpass" in PROJECT["project"]["scripts"]
    environ = dict(pair.split("=", 1) for pair in rest_of("ENV", last)[0].split())
    assert environ["PATH"].startswith("/opt/credpass/bin:")
    mounted = {volume.split(":")[1] for name in compose_file.filled().processes for volume in tls_of(name)}
    assert mounted == {f"{environ['CREDPASS_DATA']}/tls"}


def tls_of(name: str) -> list[str]:
    volumes: list[str] = compose_file.filled().services[name]["volumes"]
    return volumes


def test_project_label_and_compose_file_tell_one_version() -> None:
    version = PROJECT["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in (ROOT / "Dockerfile").read_text()
    compose = compose_file.filled()
    assert {compose.services[name]["image"] for name in compose.ours} == {f"credpass:{version}"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_of_a_lock_has_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert len(packages) > 4
    assert [entry.split()[0] for entry in packages if "--hash=sha256:" not in entry] == []


def test_the_locks_agree_and_the_image_has_what_its_urls_need() -> None:
    everything, run, image = (
        locked("requirements-dev.txt"),
        locked("requirements.txt"),
        locked("requirements-image.txt"),
    )
    assert run.items() <= image.items() <= everything.items()
    assert "boto3" in image.keys() - run.keys()


def test_the_build_has_the_backend_that_the_project_names() -> None:
    build = locked("requirements-build.txt")
    assert set(PROJECT["build-system"]["requires"]) <= build.keys()
    assert build.items() <= locked("requirements-dev.txt").items()
