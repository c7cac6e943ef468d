"""Passwords that were forgotten."""

from __future__ import annotations

import dataclasses

from mesh import clock, ids
from services.auth import errors, ports
from services.auth.domain import mails, users
from services.auth.usecases import login, registration, retrying


@dataclasses.dataclass(frozen=True, slots=True)
class ForgetPassword:
    """Owes a mail to whoever has that e-mail. Whether anybody has is found out by the mail relay."""

    people: ports.PersonalData
    orders: ports.Orders
    clock: clock.Clock

    async def __call__(self, email: str, effects: ids.Effects = ids.NEW) -> None:
        await self.orders.ensure_room()
        email_key = await self.people.email_key(email)
        now = self.clock.now()
        order_id = effects.id("mail")
        await self.orders.add(mails.Order(order_id, mails.Occasion.FORGOTTEN_PASSWORD, email_key, "", now, now))


@dataclasses.dataclass(frozen=True, slots=True)
class ResetPassword:
    """Sets a new password and ends every session. Raises InvalidMailToken."""

    tokens: ports.MailTokens
    accounts: ports.Accounts
    passwords: ports.Passwords
    ending: login.EndSessions
    clock: clock.Clock

    async def __call__(self, text: str, password: str) -> str:
        users.check_password(password)
        token = await registration.find_token(self.tokens, text, self.clock)
        if token.purpose is not mails.Purpose.RESET_PASSWORD:
            raise errors.InvalidMailToken
        password_hash = await self.passwords.hash(password)
        if not await self.tokens.use(token):
            raise errors.InvalidMailToken
        await retrying.on_conflict(lambda: self._set(token.subject_id, password_hash))
        await self.tokens.remove_all_for(token.subject_id)
        # The token is used up, so a refusal could not be repeated.
        await self.ending.all_quietly(token.subject_id)
        return token.subject_id

    async def _set(self, user_id: str, password_hash: str) -> None:
        account = await self.accounts.find(user_id)
        if account is None or not account.is_active:
            raise errors.InvalidMailToken
        await self.accounts.save(account.with_new_password(password_hash, self.clock.now()))
