"""Opening sessions, exchanging their tokens and ending them."""

from __future__ import annotations

import dataclasses
import functools
from datetime import timedelta
from typing import NoReturn

from mesh import clock, ids, logs
from mesh import errors as mesh_errors
from services.auth import errors, ports
from services.auth.domain import sessions, signing, users
from services.auth.usecases import retrying, throttle

log = logs.get("auth")


@dataclasses.dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and the refresh token that follows it."""

    user_id: str
    session_id: str
    access_token: str = dataclasses.field(repr=False)
    refresh_token: str = dataclasses.field(repr=False)
    expires_in_s: int


@dataclasses.dataclass(frozen=True, slots=True)
class Lifetimes:
    access: timedelta
    refresh: timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Makes the two kinds of token."""

    access_tokens: ports.AccessTokens
    proofs: ports.Proofs
    clock: clock.Clock
    lifetimes: Lifetimes

    async def refresh_token(self, session_id: str) -> sessions.RefreshToken:
        token = sessions.new_token(session_id)
        return token.proven_by(await self.proofs.prove(token.proven_text))

    async def is_ours(self, token: sessions.RefreshToken) -> bool:
        return token.is_proven_by(await self.proofs.prove(token.proven_text))

    async def pair(self, account: users.Account, session_id: str, refresh: sessions.RefreshToken) -> Tokens:
        now = self.clock.now().replace(microsecond=0)
        claims = signing.Claims(
            account.user_id,
            account.role,
            session_id,
            ids.new_id("jti"),
            issued_at=now,
            expires_at=now + self.lifetimes.access,
        )
        access = await self.access_tokens.issue(claims)
        return Tokens(account.user_id, session_id, access, refresh.text, round(self.lifetimes.access.total_seconds()))


@dataclasses.dataclass(frozen=True, slots=True)
class EndSessions:
    """Ends sessions: first the documents, then the edge is told. In between they are ENDING, so that a crash or a
    cache that cannot be reached leaves work for `Announce`, never a session that lives on unnoticed.
    """

    store: ports.SessionStore
    edge: ports.EndedSessions
    clock: clock.Clock

    async def all_of(self, user_id: str) -> None:
        """End every session. Raises Unavailable when the edge cannot be told; no refresh works in any case."""
        ended = []
        for session in await self.store.unfinished_ones(user_id, limit=2 * sessions.MAX_OPEN_SESSIONS):
            ending = await retrying.on_conflict(functools.partial(self._begin, session.session_id))
            if ending is not None:
                ended.append(ending)
        await self.announce(ended)

    async def one(self, session_id: str) -> None:
        """End one; harmless when it has ended. Raises Unavailable like `all_of`."""
        session = await retrying.on_conflict(functools.partial(self._begin, session_id))
        if session is not None:
            await self.announce([session])

    async def one_quietly(self, session_id: str) -> None:
        """End one where nobody could call again: when the edge cannot be told now, `Announce` tells it."""
        try:
            await self.one(session_id)
        except mesh_errors.Unavailable:
            log.warning("end of session not announced yet", sessionId=session_id)

    async def all_quietly(self, user_id: str) -> None:
        """Like `one_quietly`, for all of a user."""
        try:
            await self.all_of(user_id)
        except mesh_errors.Unavailable:
            log.warning("ends of sessions not announced yet", userId=user_id)

    async def announce(self, ending: list[sessions.Session]) -> None:
        """Tell the edge, then note that it knows."""
        for session in ending:
            await self.edge.end(session.user_id, session.session_id)
            if session.state is sessions.State.ENDING:
                await self._note(session)

    async def _begin(self, session_id: str) -> sessions.Session | None:
        session = await self.store.find(session_id)
        if session is None or session.state is not sessions.State.OPEN:
            return session
        return await self.store.save(session.ending(self.clock.now()))

    async def _note(self, session: sessions.Session) -> None:
        try:
            await self.store.save(session.ended())
        except mesh_errors.Conflict:
            return  # whoever was faster has told the edge too


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """Opens a session. Raises WrongCredentials, LoginThrottled or, after the right password, EmailNotVerified."""

    accounts: ports.Accounts
    people: ports.PersonalData
    passwords: ports.Passwords
    brake: throttle.LoginThrottle
    store: ports.SessionStore
    edge: ports.EndedSessions
    ending: EndSessions
    issuer: TokenIssuer
    clock: clock.Clock

    async def __call__(self, email: str, password: str, client_address: str) -> Tokens:
        client = throttle.Client(await self.people.email_key(email), await self.people.address_key(client_address))
        await self.brake.admit(client)
        account = await self._authenticate(client, password)
        if not account.email_verified:
            raise errors.EmailNotVerified
        return await self._open(account)

    async def _authenticate(self, client: throttle.Client, password: str) -> users.Account:
        account = await self.accounts.find_by_email(client.email_key)
        verdict = await self.passwords.verify(password, account.password_hash if account else None)
        if account is None or not verdict.right:
            await self.brake.failed(client)
            raise errors.WrongCredentials
        await self.brake.succeeded(client)
        if verdict.better_hash is not None:
            await self._upgrade(account, verdict.better_hash)
        return account

    async def _upgrade(self, account: users.Account, better_hash: str) -> None:
        try:
            await self.accounts.save(dataclasses.replace(account, password_hash=better_hash))
        except mesh_errors.Conflict:
            return  # the next log-in upgrades

    async def _open(self, account: users.Account) -> Tokens:
        await self._make_room(account.user_id)
        session_id = ids.new_id("sess")
        token = await self.issuer.refresh_token(session_id)
        now = self.clock.now()
        session = sessions.Session(
            session_id,
            account.user_id,
            token.hashed(),
            account.login_epoch,
            created_at=now,
            expires_at=now + self.issuer.lifetimes.refresh,
        )
        await self.store.add(session)
        await self._check_still_welcome(account, session_id)
        await self._tell_edge(account.user_id, session_id)
        return await self.issuer.pair(account, session_id, token)

    async def _make_room(self, user_id: str) -> None:
        # Old sessions make room for new ones, so that their number stays bounded.
        open_ones = await self.store.open_ones(user_id, limit=2 * sessions.MAX_OPEN_SESSIONS)
        for session in open_ones[: max(0, len(open_ones) + 1 - sessions.MAX_OPEN_SESSIONS)]:
            await self.ending.one_quietly(session.session_id)

    async def _check_still_welcome(self, account: users.Account, session_id: str) -> None:
        # A reset or erasure that ran meanwhile has not seen this session; it has moved the epoch.
        standing = await self.accounts.find(account.user_id)
        if standing is None or standing.login_epoch != account.login_epoch:
            await self.ending.one_quietly(session_id)
            raise errors.WrongCredentials

    async def _tell_edge(self, user_id: str, session_id: str) -> None:
        try:
            await self.edge.open(user_id, session_id)
        except mesh_errors.Unavailable:
            # The edge refuses only sessions it knows to have ended: one it never heard of is taken.
            log.warning("session not announced", userId=user_id)


@dataclasses.dataclass(frozen=True, slots=True)
class Refresh:
    """Exchanges a refresh token. Raises InvalidRefreshToken, or RefreshTokenReused after ending the session.

    Strict: of two uses at the same moment one wins and the other is reuse, which ends the session for both.
    """

    accounts: ports.Accounts
    store: ports.SessionStore
    ending: EndSessions
    issuer: TokenIssuer
    clock: clock.Clock

    async def __call__(self, text: str) -> Tokens:
        token = sessions.parse_token(text)
        if token is None or not await self.issuer.is_ours(token):
            raise errors.InvalidRefreshToken
        session = await self._open_session(token.session_id)
        if not session.holds(token):
            await self._end_family(session)
        account = await self._account_of(session)
        fresh = await self.issuer.refresh_token(session.session_id)
        await self._rotate(session, fresh)
        return await self.issuer.pair(account, session.session_id, fresh)

    async def _open_session(self, session_id: str) -> sessions.Session:
        session = await self.store.find(session_id)
        if session is None or not session.is_open(self.clock.now()):
            raise errors.InvalidRefreshToken
        return session

    async def _account_of(self, session: sessions.Session) -> users.Account:
        account = await self.accounts.find(session.user_id)
        if account is None or not account.is_active or account.login_epoch != session.login_epoch:
            raise errors.InvalidRefreshToken
        return account

    async def _rotate(self, session: sessions.Session, fresh: sessions.RefreshToken) -> None:
        try:
            await self.store.save(session.rotated(fresh, self.clock.now(), self.issuer.lifetimes.refresh))
        except mesh_errors.Conflict:
            # Somebody else moved this session since we read it: a log-out, or another use of the same token.
            await self._end_family(await self._open_session(session.session_id))

    async def _end_family(self, session: sessions.Session) -> NoReturn:
        await self.ending.one_quietly(session.session_id)
        raise errors.RefreshTokenReused


@dataclasses.dataclass(frozen=True, slots=True)
class Announce:
    """Tells the edge of ended sessions that it may not know: those of which telling failed, and those of the last
    minutes once more, in case the cache has lost them. Run periodically.
    """

    store: ports.SessionStore
    ending: EndSessions
    clock: clock.Clock
    access_lifetime: timedelta

    async def __call__(self) -> None:
        now = self.clock.now()
        overdue = await self.store.ending_ones(now - timedelta(seconds=5), limit=1000)
        recent = await self.store.ended_since(now - self.access_lifetime - timedelta(minutes=1), limit=1000)
        await self.ending.announce(overdue + recent)
