"""Erasing an account by destroying its key (crypto-shredding)."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from mesh import clock, logs
from mesh import errors as mesh_errors
from services.auth import errors, ports
from services.auth.domain import users
from services.auth.usecases import login, retrying, throttle

log = logs.get("auth")


@dataclasses.dataclass(frozen=True, slots=True)
class EraseAccount:
    """Erases an account, each step so that it can be taken again: tombstone, key, event, credentials, sessions.

    Sessions end last, so that the caller can call again when a step fails (ErasureIncomplete); `CompleteErasures`
    goes on in any case.
    """

    accounts: ports.Accounts
    people: ports.PersonalData
    credentials: ports.Credentials
    orders: ports.Orders
    tokens: ports.MailTokens
    ledger: ports.AttemptLedger
    ending: login.EndSessions
    clock: clock.Clock

    async def __call__(self, user_id: str) -> datetime:
        """When the key was destroyed. Raises AccountNotActive for an id that never was one, ErasureIncomplete."""
        account = await retrying.on_conflict(lambda: self._begin(user_id))
        try:
            return await self.complete(account)
        except mesh_errors.ServiceError as trouble:
            log.warning("erasure incomplete", userId=user_id, reason=trouble.reason)
            raise errors.ErasureIncomplete from trouble

    async def complete(self, account: users.Account) -> datetime:
        """Take every step that is still to be taken."""
        account, erased_at = await self._destroy_key(account)
        if account.erasure is not None and account.erasure.completed_at is None:
            await self.credentials.revoke_all(account.user_id, "account_erased")
            await self.ending.all_of(account.user_id)
            completed = dataclasses.replace(account.erasure, completed_at=self.clock.now())
            await self.accounts.save(account.with_erasure(completed, self.clock.now()))
        return erased_at

    async def _begin(self, user_id: str) -> users.Account:
        account = await self.accounts.find(user_id)
        if account is None:
            raise errors.AccountNotActive
        if not account.is_active:
            return account
        await self._forget_traces(account)
        return await self.accounts.save(account.tombstone(self.clock.now()))

    async def _forget_traces(self, account: users.Account) -> None:
        # Owed mails, mailed tokens and counted attempts would still tell that there was such an e-mail.
        await self.tokens.remove_all_for(account.user_id)
        if account.email_key is not None:
            await self.orders.remove_all_for(account.email_key)
            await self.ledger.forget(throttle.account_entry(account.email_key))
            await self.ledger.forget(throttle.mailbox_entry(account.email_key))

    async def _destroy_key(self, account: users.Account) -> tuple[users.Account, datetime]:
        erasure = account.erasure or users.Erasure(begun_at=self.clock.now())
        if erasure.key_destroyed_at is not None:
            return account, erasure.key_destroyed_at
        await self.people.destroy(account.user_id)
        now = self.clock.now()
        destroyed = dataclasses.replace(erasure, key_destroyed_at=now)
        return await self.accounts.save(account.with_erasure(destroyed, now), users.AccountErased()), now


@dataclasses.dataclass(frozen=True, slots=True)
class CompleteErasures:
    """Goes on with erasures that were not completed. Run periodically."""

    accounts: ports.Accounts
    erase: EraseAccount

    async def __call__(self) -> None:
        for account in await self.accounts.unfinished_erasures(limit=100):
            try:
                await self.erase.complete(account)
            except mesh_errors.ServiceError as trouble:
                log.warning("erasure still incomplete", userId=account.user_id, reason=trouble.reason)


@dataclasses.dataclass(frozen=True, slots=True)
class ClearAbandoned:
    """Destroys the keys that were made for ids that lead nowhere. Run periodically."""

    accounts: ports.Accounts
    people: ports.PersonalData

    async def __call__(self) -> None:
        for user_id in await self.accounts.abandoned(limit=100):
            await self.people.destroy(user_id)
            await self.accounts.cleared(user_id)
