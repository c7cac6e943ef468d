"""A MongoDB URL as this store takes it: credentials, TLS and timeouts are the driver's options, safety is not optional.

https://www.mongodb.com/docs/manual/reference/connection-string-options/
"""

from __future__ import annotations

import urllib.parse
import warnings
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from bson import codec_options
from pymongo import AsyncMongoClient, read_concern, write_concern
from pymongo import errors as driver

from mesh import settings
from mesh.documents.mongodb_outbox import Database

VARIABLE = "CREDPASS_DOCUMENTS_URL"
DEFAULT_DATABASE = "credpass"
Client = AsyncMongoClient[dict[str, Any]]

# What a URL may leave unsaid. A call has five seconds by default, and its caller should hear why it failed.
DEFAULTS: Mapping[str, Any] = {
    "appname": "credpass",
    "connectTimeoutMS": 3_000,
    "serverSelectionTimeoutMS": 3_000,
    "timeoutMS": 4_000,
    "maxPoolSize": 100,
}
# What a URL may say of safety, in lower case: nothing weaker. Absent is fine: then we say it.
ALLOWED: Mapping[str, frozenset[str]] = {
    "w": frozenset({"majority"}),
    "journal": frozenset({"true"}),
    "j": frozenset({"true"}),
    "readpreference": frozenset({"primary"}),
    "readconcernlevel": frozenset({"majority"}),
    "tlsinsecure": frozenset({"false"}),
    "tlsallowinvalidcertificates": frozenset({"false"}),
    "tlsallowinvalidhostnames": frozenset({"false"}),
}
# From this wire version on (MongoDB 6.1) the journal cannot be turned off.
ALWAYS_JOURNALED = 18


def client(url: str) -> Client:
    """A client for a URL, not connected yet. Raises SettingsError, which shows nothing of the URL but option names."""
    try:
        query = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)
        given = {name.lower(): value.lower() for name, value in query}
        defaults = {name: value for name, value in DEFAULTS.items() if name.lower() not in given}
        _refuse_weaker(given)
        # The driver would go on without an option that it does not understand.
        with warnings.catch_warnings(action="error"):
            return AsyncMongoClient(url, **defaults)
    except (driver.PyMongoError, ValueError, TypeError, OSError, Warning):
        # The driver's text may quote the URL.
        raise settings.SettingsError(f"{VARIABLE}: is no MongoDB URL, or has a wrong option") from None


def _refuse_weaker(given: Mapping[str, str]) -> None:
    for name, values in ALLOWED.items():
        if name in given and given[name] not in values:
            raise settings.SettingsError(f"{VARIABLE}: {name} must be {' or '.join(values)}, or left out")


def database(opened: Client, hello: Mapping[str, Any]) -> Database:
    """The database that the URL names, with our guarantees: writes on the disks of a majority, reads of such writes."""
    concern = read_concern.ReadConcern("majority") if is_replicated(hello) else read_concern.ReadConcern("local")
    return opened.get_default_database(DEFAULT_DATABASE).with_options(
        codec_options=codec_options.CodecOptions(document_class=dict[str, Any], tz_aware=True, tzinfo=UTC),
        write_concern=write_concern.WriteConcern(w="majority", j=True),
        read_concern=concern,
    )


def is_replicated(hello: Mapping[str, Any]) -> bool:
    """Whether the answer to `hello` comes from a replica set or a router before some."""
    return bool(hello.get("setName")) or hello.get("msg") == "isdbgrid"


def check(hello: Mapping[str, Any]) -> None:
    """Refuse a server that would acknowledge what it can lose, by its answer to `hello`.

    Raises:
        settings.SettingsError: it takes no writes, or is a single server that may run without a journal.
    """
    if not hello.get("isWritablePrimary", hello.get("ismaster", False)) or hello.get("readOnly", False):
        raise settings.SettingsError(f"{VARIABLE}: the server takes no writes; name all members, or the primary")
    if not is_replicated(hello) and hello.get("maxWireVersion", 0) < ALWAYS_JOURNALED:
        raise settings.SettingsError(
            f"{VARIABLE}: a single server may run without a journal; name a replica set, or MongoDB 6.1 and later"
        )
