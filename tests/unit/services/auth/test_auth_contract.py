"""What the contract promises of errors, and what settings and logs keep to themselves."""

from __future__ import annotations

import io
import re

import pytest
from credpass.auth.v1 import auth_service_pb2, error_reason_pb2

from mesh import errors as mesh_errors
from mesh import logs
from mesh import settings as mesh_settings
from services.auth import errors
from services.auth.settings import Settings
from tests.support.auth_world import EMAIL, PASSWORD, AuthWorld, token_in

REASONS = [name.removeprefix("ERROR_REASON_") for name in list(error_reason_pb2.ErrorReason.keys())[1:]]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_class(reason: str) -> None:
    found = mesh_errors.ServiceError.registry[(errors.DOMAIN, reason)]
    assert found.message
    assert found.kind is not mesh_errors.Kind.INTERNAL


def test_every_class_has_a_reason_in_the_contract() -> None:
    ours = {reason for domain, reason in mesh_errors.ServiceError.registry if domain == errors.DOMAIN}
    assert ours == set(REASONS)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CREDPASS_AUTH_ACCESS_TOKEN", "2h"),
        ("CREDPASS_AUTH_REFRESH_TOKEN", "soon"),
        ("CREDPASS_AUTH_HASH_WORKERS", "0"),
        ("CREDPASS_AUTH_HASH_MEMORY_KIB", "1"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str) -> None:
    with pytest.raises(mesh_settings.SettingsError, match=variable):
        Settings.load({variable: value})


def test_settings_default_to_what_the_contract_says() -> None:
    assert Settings.load({}) == Settings()
    assert Settings().access_token_s == 15 * 60
    assert Settings.load({"CREDPASS_AUTH_REFRESH_TOKEN": "1d"}).refresh_token_s == 24 * 3600


async def test_nothing_private_in_logs_or_errors(world: AuthWorld) -> None:
    stream = io.BytesIO()
    logs.configure("debug", stream)
    said: list[str] = []
    try:
        user = await world.user()
        letter = (await world.delivered())[-1]
        second = await world.refresh(user.refresh_token)
        world.redis.connected = False
        world.credentials.down = True
        private = [EMAIL, PASSWORD, "a wrong guess", "Jamie", user.refresh_token, second.refresh_token]
        private += [user.access_token, token_in(letter), "198.51.100.7"]
        for call in (
            world.log_in(password="a wrong guess"),
            world.refresh(user.refresh_token),
            world.erase(user),
            world.call("AuthService/VerifyEmail", auth_service_pb2.VerifyEmailRequest(token=token_in(letter))),
        ):
            with pytest.raises(mesh_errors.ServiceError) as caught:
                await call
            said.append(repr(caught.value) + str(caught.value.metadata) + caught.value.text)
        logs.get("auth").info("control", path="198.51.100.7")
        logs.flush()
    finally:
        logs.configure("warning")
    lines = stream.getvalue().decode()
    assert "198.51.100.7" in lines  # what is logged would be seen
    lines = re.sub(r".*control.*\n", "", lines)
    assert "erasure incomplete" in lines
    for secret in private:
        assert secret not in lines + "".join(said)


async def test_nothing_private_in_a_repr(world: AuthWorld) -> None:
    user = await world.user()
    found = repr(await world.backends.documents.get("users", user.user_id))
    assert "Jamie" not in found
    assert EMAIL not in found
