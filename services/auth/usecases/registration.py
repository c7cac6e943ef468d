"""Opening an account, and confirming e-mails of users and institutions."""

from __future__ import annotations

import dataclasses

from mesh import clock, ids
from services.auth import errors, ports
from services.auth.domain import mails, users
from services.auth.usecases import retrying


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Registration:
    """What a new user says."""

    profile: users.Profile
    password: str


@dataclasses.dataclass(frozen=True, slots=True)
class Register:
    """Opens an account; for a known e-mail the same is done and answered, but the id leads nowhere.

    Both ways hash, seal, make a key, write two documents and leave the rest to the mail relay, so that time tells
    nothing.
    """

    accounts: ports.Accounts
    people: ports.PersonalData
    passwords: ports.Passwords
    orders: ports.Orders
    clock: clock.Clock

    async def __call__(self, registration: Registration, effects: ids.Effects = ids.NEW) -> str:
        users.check_password(registration.password)
        await self.orders.ensure_room()
        user_id = effects.id("user")
        account = await self._prepare(user_id, registration)
        if not await self._add(account, effects):
            await self.accounts.abandon(user_id)
        now = self.clock.now()
        order_id = effects.id("mail")
        await self.orders.add(
            mails.Order(order_id, mails.Occasion.REGISTRATION, account.email_key, user_id, created_at=now, due_at=now)
        )
        return user_id

    async def _add(self, account: users.Account, effects: ids.Effects) -> bool:
        """False for a known e-mail, unless it is known by this very call, which was begun before."""
        if await self.accounts.add(account):
            return True
        return effects.is_repeatable and await self.accounts.find(account.user_id) is not None

    async def _prepare(self, user_id: str, registration: Registration) -> users.Account:
        email_key = await self.people.email_key(registration.profile.email)
        password_hash = await self.passwords.hash(registration.password)
        await self.people.create(user_id)
        sealed = await self.people.seal_profile(user_id, 1, registration.profile)
        now = self.clock.now()
        return users.Account(user_id, now, now, email_key=email_key, password_hash=password_hash, profile=sealed)


@dataclasses.dataclass(frozen=True, slots=True)
class VerifyEmail:
    """Confirms the e-mail that a token was mailed to. Raises InvalidMailToken."""

    tokens: ports.MailTokens
    accounts: ports.Accounts
    directory: ports.Institutions
    clock: clock.Clock

    async def __call__(self, text: str) -> str:
        token = await find_token(self.tokens, text, self.clock)
        if token.purpose is mails.Purpose.VERIFY_USER:
            await retrying.on_conflict(lambda: self._verify_user(token.subject_id))
        elif token.purpose is mails.Purpose.VERIFY_INSTITUTION:
            await retrying.on_conflict(lambda: self._confirm_institution(token.subject_id))
        else:
            raise errors.InvalidMailToken
        # Confirming twice is harmless, so the token goes last: a crash in between leaves it good for another try.
        if not await self.tokens.use(token):
            raise errors.InvalidMailToken
        return token.subject_id

    async def _verify_user(self, user_id: str) -> None:
        account = await self.accounts.find(user_id)
        if account is None or not account.is_active:
            raise errors.InvalidMailToken
        if not account.email_verified:
            await self.accounts.save(account.verified(self.clock.now()))

    async def _confirm_institution(self, institution_id: str) -> None:
        institution = await self.directory.find(institution_id)
        if institution is None:
            raise errors.InvalidMailToken
        if not institution.is_confirmed:
            await self.directory.save(institution.confirmed(self.clock.now()))


async def find_token(tokens: ports.MailTokens, text: str, time: clock.Clock) -> mails.MailToken:
    """The stored token; raises InvalidMailToken when it is unknown, used or expired."""
    token = await tokens.find(mails.hash_token(text)) if mails.is_token(text) else None
    if token is None or token.expires_at <= time.now():
        raise errors.InvalidMailToken
    return token
