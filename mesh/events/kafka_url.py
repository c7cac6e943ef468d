"""What a `kafka://` URL says: brokers, credentials, TLS, and the prefix of names on a shared cluster."""

from __future__ import annotations

import dataclasses
import ssl
import urllib.parse
from pathlib import Path
from typing import Any

from mesh import settings

VARIABLE = "CREDPASS_EVENTS_URL"
PORT = 9092
SECURITIES = ("sasl_ssl", "sasl_plaintext", "ssl", "plaintext")
MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
FILES = ("ca", "cert", "key")
KNOWN = frozenset({"security", "mechanism", "prefix", *FILES})


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
    secret = settings.Secret(password)
    return Cluster(servers, security, mechanism, user, secret, prefix=query.get("prefix", ""), **files)


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
