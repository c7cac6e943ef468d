"""compose.yaml says what our settings read, in their own words, and hands out no more than it must.

No container engine runs here. Docker Compose's own rules for the file are therefore held up in two ways: `SHAPE` lists
the keys that the file uses, each with the kind of value that the Compose Specification gives it, and every change of
the file is to be looked at with `docker compose config`, which needs no engine either.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import gateway.settings
from mesh import blobs, clock, mail, redis_clients, runner, settings
from mesh.documents import mongodb_url
from mesh.events import kafka_url
from mesh.vault import kms
from tests.support import compose_file
from tests.support.compose_file import ROOT

COMPOSE = compose_file.filled()
PROCESSES = COMPOSE.processes
EACH_PROCESS = [pytest.param(name, process, id=name) for name, process in PROCESSES.items()]
# What boto3 and obstore read; it is theirs.
AWS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
# https://github.com/compose-spec/compose-spec/blob/main/05-services.md
SHAPE: Mapping[str, type | tuple[type, ...]] = {
    "build": str,
    "cap_drop": list,
    "command": list,
    "configs": list,
    "depends_on": dict,
    "deploy": dict,
    "entrypoint": list,
    "environment": dict,
    "healthcheck": dict,
    "hostname": str,
    "image": str,
    "init": bool,
    "logging": dict,
    "network_mode": str,
    "networks": (list, dict),
    "ports": list,
    "profiles": list,
    "pull_policy": str,
    "read_only": bool,
    "restart": str,
    "security_opt": list,
    "stop_grace_period": str,
    "tmpfs": list,
    "user": str,
    "volumes": list,
}
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}


class Recording(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return default

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)


def own_settings(process: str) -> Any:
    """The settings class of a process beside that of the mesh."""
    if process == "gateway":
        return gateway.settings.Settings
    return importlib.import_module(f"services.{process}.settings").Settings


def read_by(process: str) -> set[str]:
    """The variables that a process reads, by asking the code that reads them."""
    environ = Recording()
    settings.Settings.load(environ)
    own_settings(process).load(environ)
    return environ.asked


def loaded(name: str) -> settings.Settings:
    return settings.Settings.load(COMPOSE.environ(name))


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_every_service_and_the_gateway_are_there_and_analysis_twice() -> None:
    served = sorted(PROCESSES.values())
    assert served == sorted([*settings.SERVICES, "gateway", "analysis"])


@pytest.mark.parametrize(("name", "process"), EACH_PROCESS)
def test_a_process_reads_every_variable_that_it_is_given(name: str, process: str) -> None:
    assert set(COMPOSE.environ(name)) - read_by(process) <= AWS


def test_the_commands_that_run_once_read_every_variable_that_they_are_given() -> None:
    for name in ("topics", "operator"):
        environ = Recording()
        settings.Settings.load(environ)
        assert set(COMPOSE.environ(name)) - environ.asked <= AWS
        settings.Settings.load(COMPOSE.environ(name))


@pytest.mark.parametrize(("name", "process"), EACH_PROCESS)
def test_the_settings_of_a_process_load(name: str, process: str) -> None:
    environ = COMPOSE.environ(name)
    assert all(isinstance(value, str) for value in environ.values())
    own_settings(process).load(environ)
    assert loaded(name).data == Path("var")  # the image says where, not this file


@pytest.mark.parametrize(("name", "process"), EACH_PROCESS)
def test_a_process_is_reached_where_it_listens(name: str, process: str) -> None:
    """By every other one, at a name that Docker's DNS knows on a network that both are on."""
    if process == "gateway":
        own = gateway.settings.Settings.load(COMPOSE.environ(name))
        assert COMPOSE.published("gateway") == ("127.0.0.1", port_of(own.listen))
        return
    listen = loaded(name).listen(process)
    assert listen.startswith("0.0.0.0:")
    for other in PROCESSES:
        target = loaded(other).target(process)
        found = re.fullmatch(r"dns:///([a-z]+):(\d+)", target)
        assert found is not None, target
        assert port_of(listen) == int(found[2])
        assert found[1] in names(name)
        assert COMPOSE.networks(other) & COMPOSE.networks(name)


@pytest.mark.parametrize(("name", "process"), EACH_PROCESS)
def test_the_health_check_of_a_process_is_its_probe(name: str, process: str) -> None:
    assert COMPOSE.services[name]["healthcheck"]["test"] == ["CMD", "credpass-probe", process]
    assert port_of(loaded(name).ops_listen(process)) != port_of(loaded(name).health_listen(process))


def test_whatever_stays_has_a_health_check() -> None:
    for name in COMPOSE.lasting:
        found = COMPOSE.services[name]["healthcheck"]
        assert found.keys() <= HEALTHCHECK, name
        assert len(found["test"]) > 1, name


def test_replicas_have_names_of_their_own() -> None:
    instances = [loaded(name).instance for name, process in PROCESSES.items() if process != "gateway"]
    assert len(set(instances)) == len(instances)
    assert all(instances)


def test_our_own_parsers_take_every_url(tmp_path: Path) -> None:
    found = loaded("auth")
    cluster = kafka_url.parse(found.events_url, tmp_path)
    assert (cluster.servers, cluster.security, cluster.mechanism) == (("kafka:9092",), "sasl_plaintext", "PLAIN")
    assert (cluster.user, cluster.password.reveal()) == ("credpass", COMPOSE.values["KAFKA_PASSWORD"])
    blobs.open_blobs(found.blobs_url, tmp_path)
    assert mail.open_mailer(found.mail_url, tmp_path, clock.SystemClock())
    address = kms._address(found.keys_url)
    assert (address.key, address.region) == ("alias/credpass", COMPOSE.environ("kms")["KMS_REGION"])
    kms._client(address).close()
    options = redis_clients.open_client(found.cache_url).connection_pool.connection_kwargs
    assert (options["host"], options["password"]) == ("redis", COMPOSE.values["REDIS_PASSWORD"])


async def test_the_driver_takes_the_url_of_the_documents() -> None:
    client = mongodb_url.client(loaded("auth").documents_url)
    try:
        options = client.options
        assert options.replica_set_name == "rs0"
        assert client.get_default_database().name == "credpass"
    finally:
        await client.close()


def test_the_store_has_the_bucket_the_region_and_the_credentials_that_the_services_use() -> None:
    ours, store = COMPOSE.environ("auth"), COMPOSE.environ("s3")
    parts = urllib.parse.urlsplit(ours["CREDPASS_BLOBS_URL"])
    (command,) = COMPOSE.services["s3"]["command"]
    assert command.startswith(f"mkdir -p /data/{parts.netloc} && exec versitygw ")
    assert f"--region {dict(urllib.parse.parse_qsl(parts.query))['region']} " in command
    assert store == {"ROOT_ACCESS_KEY": ours["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": ours["AWS_SECRET_ACCESS_KEY"]}


@pytest.mark.parametrize("variable", ["documents_url", "events_url", "cache_url", "blobs_url", "keys_url", "mail_url"])
def test_a_url_leads_to_a_container_that_listens_there(variable: str) -> None:
    url: str = getattr(loaded("auth"), variable)
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    place = urllib.parse.urlsplit(query.get("endpoint", url))
    users = [
        name for name in COMPOSE.ours if f"CREDPASS_{variable.upper()}" in COMPOSE.services[name].get("environment", ())
    ]
    assert len(users) > 7
    assert place.hostname in COMPOSE.services
    assert all(COMPOSE.networks(name) & COMPOSE.networks(place.hostname) for name in users)
    # What the images listen on by default, or are told to here.
    assert (
        place.port
        == {"mongo": 27017, "kafka": 9092, "redis": 6379, "s3": 7070, "kms": 8080, "mailpit": 1025}[place.hostname]
    )


def test_the_broker_tells_clients_the_address_that_they_were_given() -> None:
    (server,) = kafka_url.parse(loaded("auth").events_url, Path()).servers
    assert f"CLIENTS://{server}" in COMPOSE.environ("kafka")["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert COMPOSE.services["kafka"]["hostname"] == "kafka"


def test_no_name_of_a_listener_makes_the_image_look_for_files() -> None:
    environ = COMPOSE.environ("kafka")
    assert not re.search(r"(SASL|SSL)\w*://", environ["KAFKA_LISTENERS"] + environ["KAFKA_ADVERTISED_LISTENERS"])


def test_the_key_of_the_seed_is_the_one_that_the_url_names(tmp_path: Path) -> None:
    """The container's own shell writes the seed; what follows it is another program's business."""
    seed_file, environ = tmp_path / "seed.yaml", COMPOSE.environ("kms")
    assert environ["KMS_SEED_PATH"] == "/tmp/seed.yaml"
    shell, flag, script = compose_file.shell("kms")
    script, program = script.replace("/tmp/seed.yaml", str(seed_file)).rsplit(" && exec ", 1)
    subprocess.run([shell, flag, script], env={**os.environ, **environ}, check=True, timeout=60)
    seed = yaml.safe_load(seed_file.read_text())
    (key,), (alias,) = seed["Keys"]["Symmetric"]["Aes"], seed["Aliases"]
    assert program == "local-kms"
    assert alias == {"AliasName": "alias/credpass", "TargetKeyId": key["Metadata"]["KeyId"]}
    assert key["Metadata"]["KeySpec"] == "SYMMETRIC_DEFAULT"
    assert key["BackingKeys"] == [COMPOSE.values["KMS_KEY"]]
    assert len(bytes.fromhex(COMPOSE.values["KMS_KEY"])) == 32


def test_the_replica_set_is_the_one_that_the_url_names() -> None:
    script = (ROOT / COMPOSE.content["configs"]["mongo-init"]["file"]).read_text()
    assert '_id: "rs0"' in script
    assert 'host: "mongo:27017"' in script
    assert "--replSet rs0 " in COMPOSE.services["mongo"]["command"][0]
    wanted = set(re.findall(r"process\.env\.(\w+)", script))
    assert wanted <= COMPOSE.environ("mongo-init").keys()


@pytest.mark.parametrize(("name", "process"), EACH_PROCESS)
def test_a_process_may_drain_before_it_is_killed(name: str, process: str) -> None:
    grace_s = settings.duration_s({"grace": COMPOSE.services[name]["stop_grace_period"]}, "grace", 0)
    # Calls, then the work in hand, then the outbox.
    assert grace_s > loaded(name).drain_s + 2 * runner.BACKGROUND_GRACE_S


@pytest.mark.parametrize("name", sorted(COMPOSE.services))
def test_what_is_waited_for_can_come(name: str) -> None:
    conditions = {"service_completed_successfully": COMPOSE.once, "service_healthy": COMPOSE.lasting}
    for needed, how in COMPOSE.services[name].get("depends_on", {}).items():
        assert needed in conditions[how["condition"]]


def test_one_container_builds_the_image_and_none_pulls_it() -> None:
    """Two builds of one tag at once fail: https://github.com/docker/buildx/issues/3576."""
    policies = {name: COMPOSE.services[name]["pull_policy"] for name in COMPOSE.ours}
    assert policies == dict.fromkeys(COMPOSE.ours, "never") | {"certs": "build"}
    assert {name for name, each in COMPOSE.services.items() if "build" in each} == {"certs"}
    assert all("certs" in COMPOSE.services[name]["depends_on"] for name in PROCESSES)


def test_each_one_shot_is_waited_for_by_one_that_stays() -> None:
    """Else `docker compose up --wait` takes its end for a failure: https://github.com/docker/compose/issues/10596."""
    assert {
        needed for name in COMPOSE.lasting for needed in COMPOSE.services[name].get("depends_on", ())
    } >= COMPOSE.once


def test_a_service_waits_for_all_that_it_cannot_start_without() -> None:
    needed = {"certs", "topics", "mongo-init", "redis", "s3", "kms", "mailpit"}
    for name, process in PROCESSES.items():
        waits = COMPOSE.services[name]["depends_on"].keys()
        assert waits == (PROCESSES.keys() - {"gateway"} | {"certs", "redis"} if process == "gateway" else needed)


@pytest.mark.parametrize("process", ["ingestion", "analysis"])
def test_workers_at_their_limit_fit_beside_their_service(process: str) -> None:
    for name in (each for each, served in PROCESSES.items() if served == process):
        own = own_settings(process).load(COMPOSE.environ(name))
        assert own.workers * own.worker_memory_bytes + (256 << 20) <= COMPOSE.memory_bytes(name)


def test_the_command_lines_are_of_commands_that_there_are() -> None:
    declared = ast.parse((ROOT / "cli" / "main.py").read_text())
    commands = {each.name for each in declared.body if isinstance(each, ast.FunctionDef)}
    for name in PROCESSES.keys() | {"certs"}:
        assert COMPOSE.services[name]["command"][0] in commands
    assert "credpass topics" in " ".join(compose_file.shell("topics"))
    assert "topics" in commands


def test_a_read_only_container_is_given_files_and_no_text() -> None:
    """Compose writes text into the root and mounts files: https://github.com/docker/compose/issues/12031."""
    assert all("file" in each for each in COMPOSE.content["configs"].values())


@pytest.mark.parametrize("name", sorted(COMPOSE.services))
def test_keys_are_those_of_the_compose_specification(name: str) -> None:
    for key, value in COMPOSE.services[name].items():
        assert isinstance(value, SHAPE[key]), key


@pytest.mark.parametrize("kind", ["networks", "volumes", "configs"])
def test_what_containers_refer_to_is_declared_and_used(kind: str) -> None:
    used = {str(each) for name in COMPOSE.services for each in references(name, kind)}
    assert used == COMPOSE.content[kind].keys()


def references(name: str, kind: str) -> list[Any]:
    found = COMPOSE.services[name].get(kind, [])
    if kind == "configs":
        return [each["source"] for each in found]
    return [str(each).partition(":")[0] for each in found]


def names(name: str) -> set[str]:
    """By what a container is found on the network `mesh`."""
    found = COMPOSE.services[name]["networks"]
    aliases = found["mesh"].get("aliases", []) if isinstance(found, dict) else []
    return {name, *aliases}
