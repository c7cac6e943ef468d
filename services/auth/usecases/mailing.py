"""Delivering the mails that are owed: apart from the requests that caused them, durable and bounded."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from mesh import clock, logs
from mesh import errors as mesh_errors
from services.auth import ports
from services.auth.domain import mails, throttling, users
from services.auth.usecases import profile, throttle

log = logs.get("auth")

_BATCH = 50


@dataclasses.dataclass(frozen=True, slots=True)
class TokenLifetimes:
    verify: timedelta
    reset: timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Envelope:
    """Who gets which mail: `reset` instead of a confirmation, `known` when the e-mail was registered once more."""

    address: str = dataclasses.field(repr=False)
    subject_id: str
    purpose: mails.Purpose
    known: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class DeliverMails:
    """Sends what is due. Run periodically; several processes may: an order is claimed by a conditional update, and
    due again later should its claimer not finish. A mail may so go out twice, never not at all while its order
    stands.
    """

    orders: ports.Orders
    tokens: ports.MailTokens
    accounts: ports.Accounts
    directory: ports.Institutions
    people: ports.PersonalData
    ledger: ports.AttemptLedger
    post: ports.Post
    clock: clock.Clock
    lifetimes: TokenLifetimes
    public_url: str

    async def __call__(self) -> None:
        for order in await self.orders.due(self.clock.now(), limit=_BATCH):
            await self._take(order)

    async def _take(self, order: mails.Order) -> None:
        try:
            claimed = await self.orders.save(order.claimed(self.clock.now()))
        except mesh_errors.Conflict:
            return  # another relay has it
        try:
            await self._deliver(claimed)
        except mesh_errors.ServiceError as trouble:
            given_up = claimed.attempts >= mails.MAX_DELIVERY_ATTEMPTS
            log.warning("mail not delivered", orderId=order.order_id, reason=trouble.reason, givenUp=given_up)
            if not given_up:
                return
        await self._finish(claimed)

    async def _finish(self, order: mails.Order) -> None:
        try:
            await self.orders.remove(order)
        except mesh_errors.Conflict:
            return  # it took so long that another relay has claimed it since

    async def _deliver(self, order: mails.Order) -> None:
        envelope = await self._address(order)
        if envelope is None or not await self._may_get_mail(envelope):
            return
        token = mails.new_token()
        lifetime = self.lifetimes.reset if envelope.purpose is mails.Purpose.RESET_PASSWORD else self.lifetimes.verify
        await self.tokens.add(
            mails.MailToken(
                mails.hash_token(token), envelope.purpose, envelope.subject_id, expires_at=self.clock.now() + lifetime
            )
        )
        await self.post.send(self._write(envelope, token))

    async def _address(self, order: mails.Order) -> Envelope | None:
        """To whom, or None when nobody is there."""
        if order.occasion is mails.Occasion.INSTITUTION:
            return await self._address_institution(order.subject_id)
        account = await self.accounts.find_by_email(order.email_key) if order.email_key else None
        if account is None:
            return None
        email = (await profile.open_profile(self.people, account)).email
        return _to_user(order, account, email)

    async def _address_institution(self, institution_id: str) -> Envelope | None:
        institution = await self.directory.find(institution_id)
        if institution is None or institution.is_confirmed:
            return None
        email = await self.people.open_contact(institution_id, institution.email)
        return Envelope(email, institution_id, mails.Purpose.VERIFY_INSTITUTION)

    async def _may_get_mail(self, envelope: Envelope) -> bool:
        entry = throttle.mailbox_entry(await self.people.email_key(envelope.address))
        attempts = await self.ledger.read(entry)
        now = self.clock.now()
        if attempts.wait(now):
            log.info("mail held back", subjectId=envelope.subject_id)
            return False
        await self.ledger.save(entry, attempts.with_one_more(throttling.PER_MAILBOX, now))
        return True

    def _write(self, envelope: Envelope, token: str) -> mails.Letter:
        if envelope.purpose is not mails.Purpose.RESET_PASSWORD:
            return mails.verify_letter(envelope.address, self.public_url, token)
        letter = mails.known_letter if envelope.known else mails.reset_letter
        return letter(envelope.address, self.public_url, token)


def _to_user(order: mails.Order, account: users.Account, email: str) -> Envelope:
    if order.occasion is mails.Occasion.FORGOTTEN_PASSWORD:
        return Envelope(email, account.user_id, mails.Purpose.RESET_PASSWORD)
    if order.subject_id == account.user_id:
        return Envelope(email, account.user_id, mails.Purpose.VERIFY_USER)
    # Also when the account is not verified yet: whoever opened it may not have been the owner of the mailbox, so the
    # link sets a password of the owner's choosing rather than confirm somebody else's.
    return Envelope(email, account.user_id, mails.Purpose.RESET_PASSWORD, known=True)
