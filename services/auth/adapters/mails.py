"""Owed mails, mailed tokens and counted attempts as documents; letters through the mailer."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timedelta

from mesh import clock, errors, mail
from mesh.documents import port
from services.auth.adapters import reading
from services.auth.domain import mails, throttling

_WEEK_S = 7 * 24 * 60 * 60
# Bounds the removal of what one person may have: mails are throttled far below.
_REMOVED_AT_ONCE = 1000
MOST_ORDERS = 10_000
# Counting costs a read, so it is not done at each request: a flood passes the limit by a second's worth at most.
_COUNT_AFTER_S = 1.0
_FULL_RETRY_AFTER_S = 30.0

ORDERS = port.Collection(
    "mail_outbox",
    (port.Index(("dueAt",)), port.Index(("emailKey",)), port.Index(("createdAt",), ttl_s=_WEEK_S)),
)
TOKENS = port.Collection("mail_tokens", (port.Index(("subjectId",)), port.Index(("expiresAt",), ttl_s=0)))
ATTEMPTS = port.Collection("attempts", (port.Index(("forgottenAt",), ttl_s=0),))


class DocumentOrders:
    """`ports.Orders`."""

    def __init__(self, documents: port.Documents, most: int = MOST_ORDERS) -> None:
        self._documents, self._most = documents, most
        self._full = False
        self._counted_at_s = float("-inf")

    async def ensure_room(self) -> None:
        if time.monotonic() - self._counted_at_s > _COUNT_AFTER_S:
            self._counted_at_s = time.monotonic()
            self._full = await self._documents.count(ORDERS.name, port.Query()) >= self._most
        if self._full:
            raise errors.Overloaded(retry_after_s=_FULL_RETRY_AFTER_S)

    async def add(self, order: mails.Order) -> None:
        with contextlib.suppress(port.DuplicateKey):  # the same call has added it before
            await self._documents.insert(ORDERS.name, order.order_id, _order_data(order))

    async def due(self, now: datetime, limit: int) -> list[mails.Order]:
        # Documents keep milliseconds, and a range leaves its end out.
        just_after = now + timedelta(milliseconds=1)
        query = port.Query(range_field="dueAt", below=just_after, order="dueAt", limit=limit)
        return [_order(document) for document in await self._documents.find(ORDERS.name, query)]

    async def save(self, order: mails.Order) -> mails.Order:
        with reading.conflicts():
            document = await self._documents.update(
                ORDERS.name, reading.at(order.order_id, order.revision), _order_data(order)
            )
        return _order(document)

    async def remove(self, order: mails.Order) -> None:
        with reading.conflicts():
            await self._documents.delete(ORDERS.name, reading.at(order.order_id, order.revision))

    async def remove_all_for(self, email_key: str) -> None:
        await remove_all(
            self._documents, ORDERS.name, port.Query(equals={"emailKey": email_key}, limit=_REMOVED_AT_ONCE)
        )


class DocumentMailTokens:
    """`ports.MailTokens`: the id of a document is the token's hash. Used ones go when they expire."""

    def __init__(self, documents: port.Documents, now: clock.Clock) -> None:
        self._documents, self._clock = documents, now

    async def add(self, token: mails.MailToken) -> None:
        await self._documents.insert(TOKENS.name, token.token_hash, _token_data(token))

    async def find(self, token_hash: str) -> mails.MailToken | None:
        document = await self._documents.get(TOKENS.name, token_hash)
        if document is None or "usedAt" in document.data:
            return None
        return mails.MailToken(
            document.id,
            mails.Purpose(document.data["purpose"]),
            reading.required(document.data, "subjectId", str),
            reading.moment(document.data, "expiresAt"),
            document.version,
        )

    async def use(self, token: mails.MailToken) -> bool:
        data = {**_token_data(token), "usedAt": self._clock.now()}
        try:
            await self._documents.update(TOKENS.name, reading.at(token.token_hash, token.revision), data)
        except port.VersionConflict:
            return False
        return True

    async def remove_all_for(self, subject_id: str) -> None:
        query = port.Query(equals={"subjectId": subject_id}, limit=_REMOVED_AT_ONCE)
        await remove_all(self._documents, TOKENS.name, query)


class DocumentAttempts:
    """`ports.AttemptLedger`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def read(self, key: str) -> throttling.Attempts:
        document = await self._documents.get(ATTEMPTS.name, key)
        if document is None:
            return throttling.Attempts()
        return throttling.Attempts(
            reading.required(document.data, "count", int),
            reading.optional(document.data, "blockedUntil", datetime),
            reading.moment(document.data, "forgottenAt"),
            document.version,
        )

    async def save(self, key: str, attempts: throttling.Attempts) -> None:
        data = reading.without_none(
            {
                "count": attempts.count,
                "blockedUntil": attempts.blocked_until,
                "forgottenAt": attempts.forgotten_at,
            }
        )
        try:
            if attempts.revision == 0:
                await self._documents.insert(ATTEMPTS.name, key, data)
            else:
                await self._documents.update(ATTEMPTS.name, reading.at(key, attempts.revision), data)
        except (port.DuplicateKey, port.VersionConflict):
            raise errors.Conflict from None

    async def forget(self, key: str) -> None:
        document = await self._documents.get(ATTEMPTS.name, key)
        if document is None:
            return
        try:
            await self._documents.delete(ATTEMPTS.name, document)
        except port.VersionConflict:
            return  # counted anew meanwhile: that attempt stays counted


class MailerPost:
    """`ports.Post` over the mailer."""

    def __init__(self, mailer: mail.Mailer) -> None:
        self._mailer = mailer

    async def send(self, letter: mails.Letter) -> None:
        try:
            await self._mailer.send(mail.Mail(letter.to, letter.subject, letter.text))
        except ValueError:
            raise errors.InvalidArgument("The mail has an address that no mail can go to.") from None


async def remove_all(documents: port.Documents, collection: str, query: port.Query) -> None:
    """Delete what a query finds; what somebody else has deleted or changed meanwhile is theirs."""
    for document in await documents.find(collection, query):
        try:
            await documents.delete(collection, document)
        except port.VersionConflict:
            continue


def _token_data(token: mails.MailToken) -> dict[str, port.Value]:
    return {"purpose": token.purpose.value, "subjectId": token.subject_id, "expiresAt": token.expires_at}


def _order_data(order: mails.Order) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "occasion": order.occasion.value,
            "emailKey": order.email_key,
            "subjectId": order.subject_id,
            "createdAt": order.created_at,
            "dueAt": order.due_at,
            "attempts": order.attempts,
        }
    )


def _order(document: port.Document) -> mails.Order:
    data = document.data
    return mails.Order(
        document.id,
        mails.Occasion(data["occasion"]),
        reading.optional(data, "emailKey", str),
        reading.required(data, "subjectId", str),
        reading.moment(data, "createdAt"),
        reading.moment(data, "dueAt"),
        reading.required(data, "attempts", int),
        document.version,
    )
