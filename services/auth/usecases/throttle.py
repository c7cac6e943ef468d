"""Slowing down guesses at passwords."""

from __future__ import annotations

import contextlib
import dataclasses

from mesh import clock
from mesh import errors as mesh_errors
from services.auth import errors, ports
from services.auth.domain import throttling
from services.auth.usecases import retrying


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """Who tries: the key of the e-mail, and the key of the client address (empty when unknown)."""

    email_key: str
    address_key: str


@dataclasses.dataclass(frozen=True, slots=True)
class LoginThrottle:
    """Counts per account before the password is looked at, so that parallel guesses count too, and per address
    afterwards, so that an office behind one address is not slowed down by its successes. It knows e-mails only by
    their keys: whether an account stands behind one makes no difference.
    """

    ledger: ports.AttemptLedger
    clock: clock.Clock

    async def admit(self, client: Client) -> None:
        """Take the attempt; raises LoginThrottled."""
        if client.address_key:
            self._refuse_while_blocked(await self.ledger.read(_address(client)))
        try:
            await retrying.on_conflict(lambda: self._claim(client))
        except mesh_errors.Conflict:
            raise errors.LoginThrottled(retry_after_s=1) from None

    async def failed(self, client: Client) -> None:
        """The password was wrong, or there is no account."""
        if not client.address_key:
            return
        with contextlib.suppress(mesh_errors.Conflict):  # others count this address at this moment: it is counted
            await retrying.on_conflict(lambda: self._count_address(client))

    async def succeeded(self, client: Client) -> None:
        """The password was right: count from zero."""
        entry = account_entry(client.email_key)
        attempts = await self.ledger.read(entry)
        with contextlib.suppress(mesh_errors.Conflict):  # another attempt came meanwhile: it stays counted
            await self.ledger.save(entry, attempts.cleared(self.clock.now()))

    async def _claim(self, client: Client) -> None:
        attempts = await self.ledger.read(account_entry(client.email_key))
        self._refuse_while_blocked(attempts)
        now = self.clock.now()
        await self.ledger.save(account_entry(client.email_key), attempts.with_one_more(throttling.PER_ACCOUNT, now))

    async def _count_address(self, client: Client) -> None:
        attempts = await self.ledger.read(_address(client))
        await self.ledger.save(_address(client), attempts.with_one_more(throttling.PER_ADDRESS, self.clock.now()))

    def _refuse_while_blocked(self, attempts: throttling.Attempts) -> None:
        wait = attempts.wait(self.clock.now())
        if wait:
            raise errors.LoginThrottled(retry_after_s=wait.total_seconds())


def account_entry(email_key: str) -> str:
    """What log-ins are counted under."""
    return f"login:{email_key}"


def mailbox_entry(email_key: str) -> str:
    """What mails are counted under."""
    return f"mailbox:{email_key}"


def _address(client: Client) -> str:
    return f"address:{client.address_key}"
