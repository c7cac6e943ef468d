"""What a `kafka://` URL says: brokers, credentials, TLS, the prefix of names on a shared cluster, safety of topics."""

from __future__ import annotations

import dataclasses
import ssl
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesh import settings

VARIABLE = "CREDPASS_EVENTS_URL"
PORT = 9092
SECURITIES = ("sasl_ssl", "sasl_plaintext", "ssl", "plaintext")
MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
FILES = ("ca", "cert", "key")
NUMBERS = ("replicas", "min_insync")
KNOWN = frozenset({"security", "mechanism", "prefix", *FILES, *NUMBERS})
REPLICAS_LIMIT = 99


@dataclasses.dataclass(frozen=True, slots=True)
class Safety:
    """What every topic owes. `replicas`: on so many brokers it lies at least; `min_insync`: so many of them must have
    a record before it is acknowledged (acks=all waits for those in sync, however few they are).

    0, the default, leaves either to the brokers (`default.replication.factor`, `min.insync.replicas`) and demands
    nothing: a laptop's one broker can give no more than 1, and a cluster's operators have chosen theirs. With Kafka's
    own default of 1 in sync, an acknowledged event is as durable as one disk. Production wants 3 and 2: any one broker
    may be lost, and nothing stops.
    """

    replicas: int = 0
    min_insync: int = 0


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Where a cluster is and how to speak to it. No repr shows the password.

    `prefix` stands before every topic and group, so that a cluster may be shared. `ca`: PEM file of the authority that
    signed the brokers' certificates, the system's where None. `cert`, `key`: PEM files of our own certificate.
    """

    servers: tuple[str, ...]
    security: str
    mechanism: str = ""
    user: str = ""
    password: settings.Secret[str] = dataclasses.field(default_factory=lambda: settings.Secret(""))
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    prefix: str = ""
    safety: Safety = Safety()

    def connection(self) -> dict[str, Any]:
        """The arguments that every client of aiokafka takes. Raises SettingsError when a TLS file cannot be read."""
        found: dict[str, Any] = {"bootstrap_servers": list(self.servers), "security_protocol": self.security.upper()}
        if self.security.startswith("sasl"):
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password.reveal(),
            }
        if self.security.endswith("ssl"):
            found["ssl_context"] = self._tls()
        return found

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise _wrong("a file that ca, cert or key names is not a readable PEM file") from None
        return context


def parse(url: str, data: Path) -> Cluster:
    """Read `kafka://user:password@host:port,host2/?security=...&mechanism=...&ca=...&cert=...&key=...&prefix=...`.

    `replicas=3&min_insync=2` besides says how safe topics are: see `Safety`.
    Without `security` it is sasl_ssl with a user and ssl without one; the mechanism is SCRAM-SHA-512 unless named.
    Relative files lie under `data`. User and password are percent-encoded.

    Raises:
        settings.SettingsError: something in it is wrong; the message never shows user or password.
    """
    user, password, servers = _authority(url)
    query = _query(url)
    security = query.get("security", "sasl_ssl" if user else "ssl").lower()
    mechanism = query.get("mechanism", MECHANISMS[0]).upper()
    if security not in SECURITIES:
        raise _wrong(f"security is none of {', '.join(SECURITIES)}")
    if mechanism not in MECHANISMS:
        raise _wrong(f"mechanism is none of {', '.join(MECHANISMS)}")
    if security.startswith("sasl") != bool(user and password):
        raise _wrong("security sasl_ssl and sasl_plaintext need user:password@ before the hosts, the others forbid it")
    files = {name: data / query[name] for name in FILES if name in query}
    if files and not security.endswith("ssl"):
        raise _wrong("ca, cert and key need security ssl or sasl_ssl")
    secret, prefix = settings.Secret(password), query.get("prefix", "")
    return Cluster(servers, security, mechanism, user, secret, prefix=prefix, safety=_safety(query), **files)


def _safety(query: Mapping[str, str]) -> Safety:
    replicas, min_insync = (_number(name, query[name]) if name in query else 0 for name in NUMBERS)
    if min_insync > replicas:
        raise _wrong("min_insync needs replicas, and no fewer of them: nothing could be acknowledged otherwise")
    return Safety(replicas, min_insync)


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= REPLICAS_LIMIT:
        raise _wrong(f"{name} is no number from 1 to {REPLICAS_LIMIT}")
    return int(text)


def _authority(url: str) -> tuple[str, str, tuple[str, ...]]:
    rest = url.partition("://")[2]
    text = rest.partition("/")[0].partition("?")[0]
    credentials, _, hosts = text.rpartition("@")
    user, _, password = credentials.partition(":")
    servers = tuple(_server(host) for host in hosts.split(","))
    return urllib.parse.unquote(user), urllib.parse.unquote(password), servers


def _server(text: str) -> str:
    """`host`, `host:port` or `[v6]:port` with its port."""
    try:
        parts = urllib.parse.urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _wrong("a host is not host, host:port or [v6]:port") from None
    if not host:
        raise _wrong("it names no host; kafka://user:password@host:9092/?security=sasl_ssl is the form")
    return f"[{host}]:{port or PORT}" if ":" in host else f"{host}:{port or PORT}"


def _query(url: str) -> dict[str, str]:
    pairs = urllib.parse.parse_qsl(url.partition("?")[2], keep_blank_values=True)
    unknown = sorted({name for name, _ in pairs} - KNOWN)
    if unknown:
        raise _wrong(f"unknown parameters; known are {', '.join(sorted(KNOWN))}")
    return dict(pairs)


def _wrong(what: str) -> settings.SettingsError:
    return settings.SettingsError(f"{VARIABLE}: {what}")
