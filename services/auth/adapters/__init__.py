"""The ports of the auth service over the mesh."""

from __future__ import annotations

from services.auth.adapters.accounts import ABANDONED, USERS, DocumentAccounts
from services.auth.adapters.clients import StubCredentials
from services.auth.adapters.institutions import (
    API_KEYS,
    INSTITUTIONS,
    KEY_USES,
    DocumentApiKeys,
    DocumentInstitutions,
)
from services.auth.adapters.keycache import CacheKeys
from services.auth.adapters.mails import (
    ATTEMPTS,
    ORDERS,
    TOKENS,
    DocumentAttempts,
    DocumentMailTokens,
    DocumentOrders,
    MailerPost,
)
from services.auth.adapters.passwords import Cost, PasswordPool, open_pool
from services.auth.adapters.sessions import SESSIONS, DocumentSessions
from services.auth.adapters.signing import KEYS, DocumentSigningKeys, JwtAccessTokens
from services.auth.adapters.vault import VaultPersonalData, VaultProofs

COLLECTIONS = (USERS, ABANDONED, SESSIONS, ORDERS, TOKENS, ATTEMPTS, INSTITUTIONS, API_KEYS, KEY_USES, KEYS)

__all__ = [
    "COLLECTIONS",
    "CacheKeys",
    "Cost",
    "DocumentAccounts",
    "DocumentApiKeys",
    "DocumentAttempts",
    "DocumentInstitutions",
    "DocumentMailTokens",
    "DocumentOrders",
    "DocumentSessions",
    "DocumentSigningKeys",
    "JwtAccessTokens",
    "MailerPost",
    "PasswordPool",
    "StubCredentials",
    "VaultPersonalData",
    "VaultProofs",
    "open_pool",
]
