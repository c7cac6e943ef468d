"""Mails that are owed are delivered: not lost, not in floods, not in the request."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from credpass.auth.v1 import auth_service_pb2

from mesh import errors as mesh_errors
from mesh import mail
from mesh.documents import port
from services.auth import adapters, bootstrap
from services.auth.domain import mails
from tests.fakes.auth_credentials import FakeCredentials
from tests.support.auth_world import CHEAP, AuthWorld, token_in


class MoodyMailer:
    """A mailer that takes nothing while it is down."""

    def __init__(self, mailer: mail.Mailer) -> None:
        self._mailer = mailer
        self.down = True

    async def send(self, letter: mail.Mail) -> None:
        if self.down:
            raise mesh_errors.Unavailable
        await self._mailer.send(letter)

    async def ping(self) -> None:
        if self.down:
            raise mesh_errors.Unavailable

    async def close(self) -> None:
        await self._mailer.close()


@pytest.fixture
async def mailer(world: AuthWorld) -> AsyncIterator[MoodyMailer]:
    """The same world with a mailer that is down at first."""
    moody = MoodyMailer(world.backends.mailer)
    backends = dataclasses.replace(world.backends, mailer=moody)
    async with bootstrap.assemble(CHEAP, "https://credpass.example", backends, FakeCredentials()) as service:
        world.service = service
        yield moody


async def owed(world: AuthWorld) -> list[port.Document]:
    return await world.backends.documents.find("mail_outbox", port.Query(order="dueAt"))


async def test_a_mail_is_owed_when_the_request_is_answered(world: AuthWorld) -> None:
    await world.register()
    assert len(await owed(world)) == 1
    assert world.mails() == []
    assert len(await world.delivered()) == 1
    assert await owed(world) == []


async def test_a_mail_that_was_not_taken_is_sent_later(world: AuthWorld, mailer: MoodyMailer) -> None:
    await world.register()
    assert await world.delivered() == []
    mailer.down = False
    world.clock.move(minutes=1)
    assert len(await world.delivered()) == 1
    assert await owed(world) == []


async def test_a_mail_is_given_up_after_ten_attempts(world: AuthWorld, mailer: MoodyMailer) -> None:
    await world.register()
    for _ in range(10):
        assert len(await owed(world)) == 1
        await world.delivered()
        world.clock.move(hours=1)
    assert await owed(world) == []


async def test_no_more_is_taken_on_than_can_be_owed(world: AuthWorld) -> None:
    orders = adapters.DocumentOrders(world.backends.documents, most=2)
    await orders.ensure_room()
    for email in ("one@example.com", "two@example.com"):
        await world.register(email)
    with pytest.raises(mesh_errors.Overloaded) as caught:
        await adapters.DocumentOrders(world.backends.documents, most=2).ensure_room()
    assert caught.value.retry_after_s
    await world.delivered()
    await adapters.DocumentOrders(world.backends.documents, most=2).ensure_room()


async def test_several_relays_send_a_mail_once(world: AuthWorld) -> None:
    await world.register()
    await asyncio.gather(*(world.run_job("deliver-mails") for _ in range(5)))
    assert len(world.mails()) == 1


async def test_a_mail_whose_relay_died_is_sent_by_another(world: AuthWorld) -> None:
    await world.register()
    (order,) = await owed(world)
    # What a relay that dies after its claim leaves behind.
    later = world.clock.now().replace(minute=30)
    await world.backends.documents.update("mail_outbox", order, {**order.data, "dueAt": later, "attempts": 1})
    assert await world.delivered() == []
    world.clock.move(hours=1)
    assert len(await world.delivered()) == 1


async def test_a_mailbox_is_not_flooded(world: AuthWorld) -> None:
    await world.user()
    for _ in range(30):
        await world.call("AuthService/ForgotPassword", auth_service_pb2.ForgotPasswordRequest(email="user@example.com"))
        await world.delivered()
        world.clock.move(seconds=1)
    assert len(world.mails()) < 12
    world.clock.move(hours=3)
    before = len(world.mails())
    await world.call("AuthService/ForgotPassword", auth_service_pb2.ForgotPasswordRequest(email="user@example.com"))
    assert len(await world.delivered()) == before + 1


async def test_a_token_is_stored_as_its_hash_only(world: AuthWorld) -> None:
    await world.register()
    token = token_in((await world.delivered())[-1])
    assert mails.hash_token(token).encode() in world.files()
    assert token.encode() not in world.files()
