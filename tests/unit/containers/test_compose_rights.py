"""compose.yaml hands out no right, port or secret that it need not."""

from __future__ import annotations

import re

import pytest

from mesh import settings
from tests.support import compose_file

COMPOSE = compose_file.filled()
PROCESSES = COMPOSE.processes


def test_only_the_gateway_and_the_page_of_the_mails_are_published_and_on_loopback() -> None:
    assert {name for name, each in COMPOSE.services.items() if "ports" in each} == {"gateway", "mailpit"}
    assert COMPOSE.published("mailpit") == ("127.0.0.1", 8025)
    inner = {name: each.get("internal", False) for name, each in COMPOSE.content["networks"].items()}
    assert inner == {"outside": False, "mesh": True, "backends": True, "cache": True}
    assert {name for name in COMPOSE.services if "outside" in COMPOSE.networks(name)} == {"gateway", "mailpit"}


def test_the_gateway_reaches_the_cache_and_no_other_backend() -> None:
    reached = {name for name in COMPOSE.services if COMPOSE.networks(name) & COMPOSE.networks("gateway")}
    assert reached == {*PROCESSES, "redis", "mailpit", "operator"}
    assert "mailpit" not in {name for name in COMPOSE.services if COMPOSE.networks(name) & {"mesh", "cache"}}


def test_the_certificates_are_made_without_a_network() -> None:
    assert COMPOSE.networks("certs") == set()
    assert COMPOSE.services["certs"]["network_mode"] == "none"


@pytest.mark.parametrize("name", sorted(COMPOSE.services))
def test_a_container_can_gain_no_rights(name: str) -> None:
    found = COMPOSE.services[name]
    assert (found["cap_drop"], found["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert "privileged" not in found
    assert found.get("read_only", False) is (name != "kafka")  # its image writes beside its volume; the file says where
    assert not any(str(volume).startswith(("/", ".")) for volume in found.get("volumes", ()))


def test_a_process_sees_its_own_certificate_alone_and_none_the_key_of_the_authority() -> None:
    command, volumes = COMPOSE.services["certs"]["command"], COMPOSE.services["certs"]["volumes"]
    assert command[:2] == ["certs", "--hand-out"]
    handed_out = {f"tls-{name}:{command[2]}/{name}" for name in settings.PORTS}
    assert set(volumes) == {"authority:/var/lib/credpass/tls", *handed_out}
    for name, process in PROCESSES.items():
        assert COMPOSE.services[name]["volumes"] == [f"tls-{process}:/var/lib/credpass/tls:ro"]


@pytest.mark.parametrize("name", sorted(COMPOSE.lasting))
def test_what_stays_comes_back_and_cannot_eat_the_machine(name: str) -> None:
    found = COMPOSE.services[name]
    assert found["restart"] == "unless-stopped"
    assert COMPOSE.memory_bytes(name) > 0


@pytest.mark.parametrize("name", sorted(COMPOSE.services))
def test_an_image_is_pinned_to_one_release(name: str) -> None:
    image, _, tag = COMPOSE.services[name]["image"].partition(":")
    assert "/" not in tag
    assert "." not in image  # no registry's host
    assert re.fullmatch(r"v?\d+\.\d+\.\d+(-[a-z]+)?", tag), tag


def test_no_secret_is_written_down() -> None:
    raw = compose_file.FILE.read_text()
    named = re.findall(r"^\s*(\w*(?:PASSWORD|SECRET|KEYFILE)\w*): (.+)$", raw, re.MULTILINE)
    assert len(named) >= 7
    for name, value in named:
        assert re.fullmatch(r"\$\{[A-Z0-9_]+:\?run make compose-env first\}", value), name
    userinfos = re.findall(r"//([^/\n@]*)@", raw)
    assert len(userinfos) == 3
    for userinfo in userinfos:
        assert re.fullmatch(r"\w*:\$\{[A-Z0-9_]+:\?run make compose-env first\}", userinfo), userinfo


def test_without_its_secrets_the_file_says_what_to_do() -> None:
    for name in compose_file.demanded():
        with pytest.raises(compose_file.Missing, match=f"^{name}: run make compose-env first$"):
            compose_file.read({each: value for each, value in COMPOSE.values.items() if each != name})
