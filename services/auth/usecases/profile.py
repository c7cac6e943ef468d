"""A user's own profile."""

from __future__ import annotations

import dataclasses

from mesh import clock
from services.auth import errors, ports
from services.auth.domain import users
from services.auth.usecases import retrying


async def active_account(accounts: ports.Accounts, user_id: str) -> users.Account:
    """The account; raises AccountNotActive when there is none, or only its tombstone."""
    account = await accounts.find(user_id)
    if account is None or not account.is_active:
        raise errors.AccountNotActive
    return account


async def open_profile(people: ports.PersonalData, account: users.Account) -> users.Profile:
    if account.profile is None:
        raise errors.AccountNotActive
    return await people.open_profile(account.user_id, account.profile)


@dataclasses.dataclass(frozen=True, slots=True)
class GetProfile:
    """The caller's profile."""

    accounts: ports.Accounts
    people: ports.PersonalData

    async def __call__(self, user_id: str) -> tuple[users.Account, users.Profile]:
        account = await active_account(self.accounts, user_id)
        return account, await open_profile(self.people, account)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ProfileChange:
    """Everything in a profile but the e-mail. `date_of_birth` is ISO 8601, None removes it."""

    first_name: str
    last_name: str
    country: str
    date_of_birth: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class UpdateProfile:
    """Replaces the caller's profile; the e-mail stays."""

    accounts: ports.Accounts
    people: ports.PersonalData
    clock: clock.Clock

    async def __call__(self, user_id: str, change: ProfileChange) -> tuple[users.Account, users.Profile]:
        users.check_date_of_birth(change.date_of_birth, self.clock.now().date())
        return await retrying.on_conflict(lambda: self._replace(user_id, change))

    async def _replace(self, user_id: str, change: ProfileChange) -> tuple[users.Account, users.Profile]:
        account = await active_account(self.accounts, user_id)
        before = await open_profile(self.people, account)
        profile = users.Profile(
            before.email, change.first_name, change.last_name, change.country, date_of_birth=change.date_of_birth
        )
        version = account.profile.version + 1 if account.profile else 1
        sealed = await self.people.seal_profile(user_id, version, profile)
        return await self.accounts.save(account.with_profile(sealed, self.clock.now())), profile
