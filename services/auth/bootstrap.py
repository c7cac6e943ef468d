"""Builds the auth service: a straight list."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

from credpass.auth.v1 import (
    auth_service_pb2_grpc,
    consent_service_pb2_grpc,
    institution_service_pb2_grpc,
    user_service_pb2_grpc,
)
from credpass.credential.v1 import credential_service_pb2_grpc

from mesh import backends as mesh_backends
from mesh import clock, runner, sessions
from mesh import settings as mesh_settings
from mesh.rpc import channels as mesh_channels
from services.auth import adapters, ports
from services.auth.rpc import auth as auth_rpc
from services.auth.rpc import consent as consent_rpc
from services.auth.rpc import institutions as institution_rpc
from services.auth.rpc import users as user_rpc
from services.auth.settings import Settings
from services.auth.usecases import (
    consent,
    erasure,
    institutions,
    keychecks,
    keys,
    login,
    mailing,
    passwords,
    profile,
    registration,
    throttle,
)


@contextlib.asynccontextmanager
async def build(
    own: Settings,
    mesh: mesh_settings.Settings,
    backends: mesh_backends.Backends,
    channels: mesh_channels.Channels,
) -> AsyncIterator[runner.Service]:
    """The service, ready to be hosted. Takes the credential service over its channel."""
    stub = channels.stub(credential_service_pb2_grpc.CredentialServiceStub, "credential")
    async with assemble(own, mesh.public_url, backends, adapters.StubCredentials(stub)) as service:
        yield service


@contextlib.asynccontextmanager
async def assemble(
    own: Settings, public_url: str, backends: mesh_backends.Backends, credentials: ports.Credentials
) -> AsyncIterator[runner.Service]:
    """The service over given backends and a given credential service."""
    await backends.documents.ensure(*adapters.COLLECTIONS)
    async with adapters.open_pool(_cost(own), own.hash_workers, own.hash_waiting) as pool:
        stores = _open_stores(backends, pool, credentials)
        tools = _make_tools(own, stores)
        rotate = keys.RotateSigningKeys(stores.signing_keys, stores.clock, timedelta(seconds=own.signing_key_s))
        await rotate()
        uses = keychecks.KeyUses(stores.keys, stores.clock)
        try:
            yield runner.Service(
                "auth",
                _registrations(stores, tools, uses),
                jobs=(
                    runner.Job("rotate-signing-keys", 3600, rotate),
                    runner.Job("note-key-uses", 60, uses.flush),
                    *_jobs(own, public_url, stores, tools),
                ),
            )
        finally:
            await uses.flush()


@dataclasses.dataclass(frozen=True)
class Stores:
    """The adapters."""

    accounts: adapters.DocumentAccounts
    people: adapters.VaultPersonalData
    passwords: adapters.PasswordPool
    session_store: adapters.DocumentSessions
    edge: sessions.Sessions
    attempts: adapters.DocumentAttempts
    orders: adapters.DocumentOrders
    tokens: adapters.DocumentMailTokens
    post: adapters.MailerPost
    institutions: adapters.DocumentInstitutions
    keys: adapters.DocumentApiKeys
    key_cache: adapters.CacheKeys
    signing_keys: adapters.DocumentSigningKeys
    access_tokens: adapters.JwtAccessTokens
    proofs: adapters.VaultProofs
    credentials: ports.Credentials
    clock: clock.Clock


def _open_stores(
    backends: mesh_backends.Backends, pool: adapters.PasswordPool, credentials: ports.Credentials
) -> Stores:
    documents, time = backends.documents, backends.clock
    signing_keys = adapters.DocumentSigningKeys(documents, backends.vault, time)
    return Stores(
        accounts=adapters.DocumentAccounts(documents, time),
        people=adapters.VaultPersonalData(backends.vault),
        passwords=pool,
        session_store=adapters.DocumentSessions(documents),
        edge=sessions.Sessions(backends.cache, time),
        attempts=adapters.DocumentAttempts(documents),
        orders=adapters.DocumentOrders(documents),
        tokens=adapters.DocumentMailTokens(documents, time),
        post=adapters.MailerPost(backends.mailer),
        institutions=adapters.DocumentInstitutions(documents),
        keys=adapters.DocumentApiKeys(documents),
        key_cache=adapters.CacheKeys(backends.cache),
        signing_keys=signing_keys,
        access_tokens=adapters.JwtAccessTokens(signing_keys, time),
        proofs=adapters.VaultProofs(backends.vault),
        credentials=credentials,
        clock=time,
    )


@dataclasses.dataclass(frozen=True)
class Tools:
    """Use cases that others stand on."""

    lifetimes: login.Lifetimes
    issuer: login.TokenIssuer
    end_sessions: login.EndSessions
    brake: throttle.LoginThrottle
    erase: erasure.EraseAccount


def _make_tools(own: Settings, stores: Stores) -> Tools:
    lifetimes = login.Lifetimes(timedelta(seconds=own.access_token_s), timedelta(seconds=own.refresh_token_s))
    issuer = login.TokenIssuer(stores.access_tokens, stores.proofs, stores.clock, lifetimes)
    end_sessions = login.EndSessions(stores.session_store, stores.edge, stores.clock)
    throttled = throttle.LoginThrottle(stores.attempts, stores.clock)
    erase = erasure.EraseAccount(
        stores.accounts,
        stores.people,
        stores.credentials,
        stores.orders,
        stores.tokens,
        stores.attempts,
        end_sessions,
        stores.clock,
    )
    return Tools(lifetimes, issuer, end_sessions, throttled, erase)


def _registrations(
    stores: Stores, tools: Tools, uses: keychecks.KeyUses
) -> tuple[runner.Registration, runner.Registration, runner.Registration, runner.Registration]:
    return (
        runner.Registration(
            "credpass.auth.v1.AuthService",
            auth_service_pb2_grpc.add_AuthServiceServicer_to_server,
            auth_rpc.AuthServicer(_auth(stores, tools)),
        ),
        runner.Registration(
            "credpass.auth.v1.UserService",
            user_service_pb2_grpc.add_UserServiceServicer_to_server,
            user_rpc.UserServicer(_users(stores, tools)),
        ),
        runner.Registration(
            "credpass.auth.v1.ConsentService",
            consent_service_pb2_grpc.add_ConsentServiceServicer_to_server,
            consent_rpc.ConsentServicer(_consent(stores)),
        ),
        runner.Registration(
            "credpass.auth.v1.InstitutionService",
            institution_service_pb2_grpc.add_InstitutionServiceServicer_to_server,
            institution_rpc.InstitutionServicer(_institutions(stores, uses), stores.clock),
        ),
    )


def _auth(stores: Stores, tools: Tools) -> auth_rpc.UseCases:
    accounts, people, time = stores.accounts, stores.people, stores.clock
    return auth_rpc.UseCases(
        register=registration.Register(accounts, people, stores.passwords, stores.orders, time),
        verify_email=registration.VerifyEmail(stores.tokens, accounts, stores.institutions, time),
        log_in=login.Login(
            accounts,
            people,
            stores.passwords,
            tools.brake,
            stores.session_store,
            stores.edge,
            tools.end_sessions,
            tools.issuer,
            time,
        ),
        refresh=login.Refresh(accounts, stores.session_store, tools.end_sessions, tools.issuer, time),
        end_sessions=tools.end_sessions,
        forget_password=passwords.ForgetPassword(people, stores.orders, time),
        reset_password=passwords.ResetPassword(stores.tokens, accounts, stores.passwords, tools.end_sessions, time),
        list_signing_keys=keys.ListSigningKeys(stores.signing_keys, time),
    )


def _users(stores: Stores, tools: Tools) -> user_rpc.UseCases:
    return user_rpc.UseCases(
        get_profile=profile.GetProfile(stores.accounts, stores.people),
        update_profile=profile.UpdateProfile(stores.accounts, stores.people, stores.clock),
        erase_account=tools.erase,
    )


def _consent(stores: Stores) -> consent_rpc.UseCases:
    return consent_rpc.UseCases(
        get=consent.GetConsent(stores.accounts),
        give=consent.GiveConsent(stores.accounts, stores.clock),
        withdraw=consent.WithdrawConsent(stores.accounts, stores.credentials, stores.clock),
        check=consent.CheckConsent(stores.accounts, stores.people),
    )


def _institutions(stores: Stores, uses: keychecks.KeyUses) -> institution_rpc.UseCases:
    make_key = institutions.MakeKey(stores.keys, stores.clock)
    return institution_rpc.UseCases(
        register=institutions.RegisterInstitution(
            stores.institutions, stores.people, make_key, stores.orders, stores.clock
        ),
        list_keys=institutions.ListApiKeys(stores.institutions, stores.keys),
        create_key=institutions.CreateApiKey(stores.institutions, stores.keys, make_key, stores.clock),
        revoke_key=institutions.RevokeApiKey(stores.keys, stores.key_cache, stores.clock),
        get=institutions.GetInstitution(stores.institutions, stores.keys, stores.clock),
        authenticate=keychecks.AuthenticateApiKeys(
            stores.keys, stores.institutions, stores.key_cache, uses, stores.clock
        ),
    )


def _jobs(own: Settings, public_url: str, stores: Stores, tools: Tools) -> tuple[runner.Job, ...]:
    lifetimes = mailing.TokenLifetimes(timedelta(seconds=own.verify_token_s), timedelta(seconds=own.reset_token_s))
    deliver = mailing.DeliverMails(
        stores.orders,
        stores.tokens,
        stores.accounts,
        stores.institutions,
        stores.people,
        stores.attempts,
        stores.post,
        stores.clock,
        lifetimes,
        public_url,
    )
    announce = login.Announce(stores.session_store, tools.end_sessions, stores.clock, tools.lifetimes.access)
    return (
        runner.Job("deliver-mails", own.mail_interval_s, deliver),
        runner.Job("announce-ended-sessions", 30, announce),
        runner.Job("complete-erasures", 30, erasure.CompleteErasures(stores.accounts, tools.erase)),
        runner.Job("clear-abandoned", 60, erasure.ClearAbandoned(stores.accounts, stores.people)),
        runner.Job(
            "remove-unconfirmed",
            3600,
            institutions.RemoveUnconfirmed(stores.institutions, stores.keys, stores.people, stores.clock),
        ),
    )


def _cost(own: Settings) -> adapters.Cost:
    return adapters.Cost(own.hash_passes, own.hash_memory_kib, own.hash_lanes)
