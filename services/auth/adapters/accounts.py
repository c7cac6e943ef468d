"""Accounts as documents, with their events."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from credpass.auth.v1 import account_events_pb2
from google.protobuf import message as messages

from mesh import clock
from mesh.documents import port
from mesh.events import codec
from mesh.events import port as events
from mesh.rpc import context
from services.auth.adapters import reading
from services.auth.domain import users

USERS = port.Collection(
    "users",
    (
        port.Index(("emailKey",), unique=True),
        port.Index(("status", "createdAt")),
        port.Index(("erasureOpen", "createdAt")),
    ),
)
ABANDONED = port.Collection("abandoned_users", (port.Index(("createdAt",)),))


class DocumentAccounts:
    """`ports.Accounts`. An erased account keeps neither e-mail key, password hash nor profile."""

    def __init__(self, documents: port.Documents, time: clock.Clock) -> None:
        self._documents, self._clock = documents, time

    async def add(self, account: users.Account) -> bool:
        try:
            await self._documents.insert(USERS.name, account.user_id, _data(account))
        except port.DuplicateKey:
            return False
        return True

    async def find(self, user_id: str) -> users.Account | None:
        document = await self._documents.get(USERS.name, user_id)
        return _account(document) if document else None

    async def find_by_email(self, email_key: str) -> users.Account | None:
        found = await self._documents.find(USERS.name, port.Query(equals={"emailKey": email_key}, limit=1))
        return _account(found[0]) if found else None

    async def save(self, account: users.Account, *happenings: users.Happening) -> users.Account:
        told = [self._event(account, happening) for happening in happenings]
        with reading.conflicts():
            document = await self._documents.update(
                USERS.name, reading.at(account.user_id, account.revision), _data(account), *told
            )
        return _account(document)

    async def unfinished_erasures(self, limit: int) -> list[users.Account]:
        query = port.Query(equals={"erasureOpen": True}, order="createdAt", limit=limit)
        return [_account(document) for document in await self._documents.find(USERS.name, query)]

    async def abandon(self, user_id: str) -> None:
        with contextlib.suppress(port.DuplicateKey):
            await self._documents.insert(ABANDONED.name, user_id, {"createdAt": self._clock.now()})

    async def abandoned(self, limit: int) -> list[str]:
        found = await self._documents.find(ABANDONED.name, port.Query(order="createdAt", limit=limit))
        return [document.id for document in found]

    async def cleared(self, user_id: str) -> None:
        document = await self._documents.get(ABANDONED.name, user_id)
        if document is not None:
            with reading.conflicts():
                await self._documents.delete(ABANDONED.name, document)

    def _event(self, account: users.Account, happening: users.Happening) -> events.Event:
        return codec.event(
            _MESSAGES[type(happening)](account.user_id, happening),
            aggregate_id=account.user_id,
            version=account.revision + 1,
            clock_now=self._clock.now(),
            correlation_id=context.correlation_id(),
        )


def _consent_given(user_id: str, happening: users.Happening) -> messages.Message:
    assert isinstance(happening, users.ConsentGiven)
    return account_events_pb2.ConsentGiven(user_id=user_id, consent_version=happening.version)


_MESSAGES: dict[type[users.Happening], Callable[[str, users.Happening], messages.Message]] = {
    users.ConsentGiven: _consent_given,
    users.ConsentWithdrawn: lambda user_id, _: account_events_pb2.ConsentWithdrawn(user_id=user_id),
    users.AccountErased: lambda user_id, _: account_events_pb2.AccountErased(user_id=user_id),
}


def _data(account: users.Account) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "emailKey": account.email_key,
            "passwordHash": account.password_hash,
            "profile": {"version": account.profile.version, "sealed": account.profile.box} if account.profile else None,
            "consent": _consent_data(account.consent),
            "status": "active" if account.is_active else "erased",
            "role": account.role,
            "emailVerified": account.email_verified,
            "loginEpoch": account.login_epoch,
            "erasure": _erasure_data(account.erasure) if account.erasure else None,
            # Only tombstones with work left are in this index.
            "erasureOpen": True if account.erasure and account.erasure.completed_at is None else None,
            "createdAt": account.created_at,
            "updatedAt": account.updated_at,
        }
    )


def _consent_data(consent: users.Consent) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "dataProcessing": consent.data_processing,
            "marketing": consent.marketing,
            "consentedAt": consent.changed_at,
            "consentVersion": consent.version,
        }
    )


def _erasure_data(erasure: users.Erasure) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "begunAt": erasure.begun_at,
            "keyDestroyedAt": erasure.key_destroyed_at,
            "completedAt": erasure.completed_at,
        }
    )


def _account(document: port.Document) -> users.Account:
    data = document.data
    return users.Account(
        document.id,
        reading.moment(data, "createdAt"),
        reading.moment(data, "updatedAt"),
        email_key=reading.optional(data, "emailKey", str),
        password_hash=reading.optional(data, "passwordHash", str),
        profile=_profile(reading.part(data, "profile")),
        role=reading.required(data, "role", str),
        email_verified=reading.required(data, "emailVerified", bool),
        login_epoch=reading.required(data, "loginEpoch", int),
        consent=_consent(reading.part(data, "consent")),
        erasure=_erasure(reading.part(data, "erasure")),
        revision=document.version,
    )


def _profile(data: port.Data) -> users.SealedProfile | None:
    if not data:
        return None
    return users.SealedProfile(reading.required(data, "version", int), reading.required(data, "sealed", bytes))


def _consent(data: port.Data) -> users.Consent:
    return users.Consent(
        data_processing=reading.required(data, "dataProcessing", bool),
        marketing=reading.required(data, "marketing", bool),
        changed_at=reading.optional(data, "consentedAt", datetime),
        version=reading.required(data, "consentVersion", str),
    )


def _erasure(data: port.Data) -> users.Erasure | None:
    if not data:
        return None
    return users.Erasure(
        reading.moment(data, "begunAt"),
        reading.optional(data, "keyDestroyedAt", datetime),
        reading.optional(data, "completedAt", datetime),
    )
