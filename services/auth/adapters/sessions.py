"""Sessions as documents."""

from __future__ import annotations

from datetime import datetime

from mesh.documents import port
from services.auth.adapters import reading
from services.auth.domain import sessions

# A day longer than it can be refreshed, so that a late use of its token is still answered for what it is.
_KEPT_S = 24 * 60 * 60

SESSIONS = port.Collection(
    "sessions",
    (
        port.Index(("userId", "state", "createdAt")),
        port.Index(("state", "endedAt")),
        port.Index(("expiresAt",), ttl_s=_KEPT_S),
    ),
)


class DocumentSessions:
    """`ports.SessionStore`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def add(self, session: sessions.Session) -> sessions.Session:
        return _session(await self._documents.insert(SESSIONS.name, session.session_id, _data(session)))

    async def find(self, session_id: str) -> sessions.Session | None:
        document = await self._documents.get(SESSIONS.name, session_id)
        return _session(document) if document else None

    async def save(self, session: sessions.Session) -> sessions.Session:
        with reading.conflicts():
            document = await self._documents.update(
                SESSIONS.name, reading.at(session.session_id, session.revision), _data(session)
            )
        return _session(document)

    async def open_ones(self, user_id: str, limit: int) -> list[sessions.Session]:
        equals = {"userId": user_id, "state": sessions.State.OPEN.value}
        return await self._find(port.Query(equals=equals, order="createdAt", limit=limit))

    async def unfinished_ones(self, user_id: str, limit: int) -> list[sessions.Session]:
        equals = {"userId": user_id, "state": sessions.State.ENDING.value}
        ending = await self._find(port.Query(equals=equals, order="createdAt", limit=limit))
        return ending + await self.open_ones(user_id, limit)

    async def ending_ones(self, before: datetime, limit: int) -> list[sessions.Session]:
        equals = {"state": sessions.State.ENDING.value}
        return await self._find(
            port.Query(equals=equals, range_field="endedAt", below=before, order="endedAt", limit=limit)
        )

    async def ended_since(self, moment: datetime, limit: int) -> list[sessions.Session]:
        equals = {"state": sessions.State.ENDED.value}
        query = port.Query(
            equals=equals, range_field="endedAt", at_least=moment, order="endedAt", descending=True, limit=limit
        )
        return await self._find(query)

    async def _find(self, query: port.Query) -> list[sessions.Session]:
        return [_session(document) for document in await self._documents.find(SESSIONS.name, query)]


def _data(session: sessions.Session) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "userId": session.user_id,
            "tokenHash": session.token_hash,
            "loginEpoch": session.login_epoch,
            "state": session.state.value,
            "createdAt": session.created_at,
            "expiresAt": session.expires_at,
            "endedAt": session.ended_at,
        }
    )


def _session(document: port.Document) -> sessions.Session:
    data = document.data
    return sessions.Session(
        document.id,
        reading.required(data, "userId", str),
        reading.required(data, "tokenHash", str),
        reading.required(data, "loginEpoch", int),
        reading.moment(data, "createdAt"),
        reading.moment(data, "expiresAt"),
        sessions.State(data["state"]),
        reading.optional(data, "endedAt", datetime),
        document.version,
    )
