"""Consent to data processing."""

from __future__ import annotations

import dataclasses

from mesh import clock
from services.auth import ports
from services.auth.domain import users
from services.auth.usecases import profile, retrying


@dataclasses.dataclass(frozen=True, slots=True)
class GetConsent:
    """The caller's consent."""

    accounts: ports.Accounts

    async def __call__(self, user_id: str) -> users.Consent:
        return (await profile.active_account(self.accounts, user_id)).consent


@dataclasses.dataclass(frozen=True, slots=True)
class GiveConsent:
    """Gives consent; saying the same again changes nothing and tells nobody."""

    accounts: ports.Accounts
    clock: clock.Clock

    async def __call__(self, user_id: str, version: str, *, marketing: bool) -> users.Consent:
        return await retrying.on_conflict(lambda: self._give(user_id, version, marketing=marketing))

    async def _give(self, user_id: str, version: str, *, marketing: bool) -> users.Consent:
        account = await profile.active_account(self.accounts, user_id)
        now = self.clock.now()
        given = users.Consent(data_processing=True, marketing=marketing, changed_at=now, version=version)
        if dataclasses.replace(account.consent, changed_at=now) == given:
            return account.consent
        await self.accounts.save(account.with_consent(given, now), users.ConsentGiven(version))
        return given


@dataclasses.dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """Withdraws consent, then has credentials and links revoked before it returns. When that cannot be confirmed the
    error of the credential service is raised though the withdrawal stands; calling again confirms it.
    """

    accounts: ports.Accounts
    credentials: ports.Credentials
    clock: clock.Clock

    async def __call__(self, user_id: str) -> users.Consent:
        consent = await retrying.on_conflict(lambda: self._withdraw(user_id))
        await self.credentials.revoke_all(user_id, "consent_withdrawn")
        return consent

    async def _withdraw(self, user_id: str) -> users.Consent:
        account = await profile.active_account(self.accounts, user_id)
        if not account.consent.data_processing:
            return account.consent
        now = self.clock.now()
        withdrawn = account.consent.withdrawn(now)
        await self.accounts.save(account.with_consent(withdrawn, now), users.ConsentWithdrawn())
        return withdrawn


@dataclasses.dataclass(frozen=True, slots=True)
class Permission:
    """Whether a user's data may be processed; `country` is empty when not."""

    allowed: bool
    country: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class CheckConsent:
    """Whether a user's data may be processed now."""

    accounts: ports.Accounts
    people: ports.PersonalData

    async def __call__(self, user_id: str) -> Permission:
        account = await self.accounts.find(user_id)
        if account is None or not account.is_active or not account.consent.data_processing:
            return Permission(allowed=False)
        return Permission(allowed=True, country=(await profile.open_profile(self.people, account)).country)
