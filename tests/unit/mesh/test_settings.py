from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh import settings
from mesh.settings import Secret, Settings, SettingsError


def test_defaults_are_a_laptop() -> None:
    found = Settings.load({})
    assert found.documents_url == "sqlite:credpass.db"
    assert found.cache_url == "memory:"
    assert found.tls_dir == Path("var/tls")
    assert found.target("auth") == found.listen("auth") == "127.0.0.1:7101"
    assert found == Settings()


def test_no_two_default_addresses_are_the_same() -> None:
    found = Settings()
    addresses = [*found.listens.values(), *found.ops_listens.values(), *found.health_listens.values()]
    assert len(addresses) == len(set(addresses))
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_environment_is_read() -> None:
    environ = {
        "CREDPASS_DATA": "/srv/credpass",
        "CREDPASS_EVENTS_URL": "kafka://broker:9092",
        "CREDPASS_AUTH_TARGET": "dns:///auth:7101",
        "CREDPASS_AUTH_LISTEN": "0.0.0.0:7101",
        "CREDPASS_OPS_LISTEN": "[::]:9000",
        "CREDPASS_LOG_LEVEL": "DEBUG",
    }
    found = Settings.load(environ)
    assert found.events_url == "kafka://broker:9092"
    assert found.tls_dir == Path("/srv/credpass/tls")
    assert found.target("auth") == "dns:///auth:7101"
    assert found.listen("auth") == "0.0.0.0:7101"
    assert found.ops_listen("auth") == found.ops_listen("audit") == "[::]:9000"
    assert found.log_level == "debug"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CREDPASS_AUTH_TARGET", "auth"),
        ("CREDPASS_AUTH_LISTEN", "unix:"),
        ("CREDPASS_AUDIT_LISTEN", "127.0.0.1:99999"),
        ("CREDPASS_OPS_LISTEN", ":"),
        ("CREDPASS_LOG_LEVEL", "loud"),
        ("CREDPASS_DRAIN", "soon"),
        ("CREDPASS_CONCURRENCY", "0"),
        ("CREDPASS_CONCURRENCY", "1e3"),
    ],
)
def test_wrong_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings.load({name: value})


def test_urls_that_may_carry_passwords_are_in_no_repr() -> None:
    found = Settings.load({"CREDPASS_CACHE_URL": "redis://:hunter2@cache", "CREDPASS_MAIL_URL": "smtp://a:hunter2@m"})
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("value", ["hunter2", b"hunter2"])
def test_secret_shows_itself_only_when_asked(value: str | bytes) -> None:
    secret = Secret(value)
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == value
    assert secret == Secret(value)
    assert secret != Secret("other")


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [("90", 90.0), ("1.5s", 1.5), ("250ms", 0.25), ("10m", 600.0), ("24h", 86400.0), ("7d", 604800.0), ("", 5.0)],
)
def test_durations_have_units(text: str, expected_s: float) -> None:
    assert settings.duration_s({"X": text}, "X", 5.0) == pytest.approx(expected_s)


@given(st.text())
def test_duration_is_finite_or_refused(text: str) -> None:
    try:
        found = settings.duration_s({"X": text}, "X", 5.0)
    except SettingsError:
        return
    assert math.isfinite(found)
    assert found >= 0


def test_services_move_to_sockets_together(tmp_path: Path) -> None:
    found = Settings().over_sockets(tmp_path)
    assert found.target("audit") == found.listen("audit") == f"unix:{tmp_path}/audit.sock"
    assert found.listen("gateway") == Settings().listen("gateway")
