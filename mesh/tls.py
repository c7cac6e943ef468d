"""Who is who in the mesh: a certificate for each service, and the credentials made from them.

A certificate carries the SPIFFE id (a URI) that servers read and the DNS name that clients check; never `localhost`, so
that nothing is trusted for where it runs. Every process shows one, on both ends of every hop.

Certificates are read once, at the start: gRPC for Python can renew a server's while it runs but not a channel's, so
that a process would still end with its old one. A rolling restart renews both ends (docs/cluster.md).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

from mesh import clock as clocks
from mesh.settings import Secret, SettingsError

TRUST_DOMAIN = "credpass.internal"
SPIFFE_PREFIX = f"spiffe://{TRUST_DOMAIN}/"
IDENTITIES = ("auth", "ingestion", "analysis", "credential", "verification", "audit", "gateway", "operator")

AUTHORITY_LIFE = dt.timedelta(days=3650)
CERTIFICATE_LIFE = dt.timedelta(days=365)
# A certificate that ends sooner is minted anew by `write_certificates`.
RENEWAL = dt.timedelta(days=30)
# Clocks of two machines may differ by this much.
CLOCK_SKEW = dt.timedelta(minutes=5)


def spiffe_id(service: str) -> str:
    """The URI that names a service (SPIFFE ID, section 2)."""
    return f"{SPIFFE_PREFIX}{service}"


def dns_name(service: str) -> str:
    """The name that a client checks in a server's certificate."""
    return f"{service}.{TRUST_DOMAIN}"


@dataclasses.dataclass(frozen=True)
class Identity:
    """A service's certificate and key and the authority that it trusts, as PEM."""

    service: str
    certificate: bytes
    key: Secret[bytes]
    ca: bytes

    def server_credentials(self) -> grpc.ServerCredentials:
        """For a server that takes no client without a certificate of the authority."""
        pairs = [(self.key.reveal(), self.certificate)]
        return grpc.ssl_server_credentials(pairs, root_certificates=self.ca, require_client_auth=True)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """For a channel that shows this certificate and takes only the authority's servers."""
        return grpc.ssl_channel_credentials(self.ca, self.key.reveal(), self.certificate)


def target_options(service: str) -> tuple[tuple[str, str], ...]:
    """Channel options by which a client insists on the name of the service that it means, wherever that runs."""
    return (("grpc.ssl_target_name_override", dns_name(service)),)


@dataclasses.dataclass(frozen=True)
class Tls:
    """The identities that this process may show."""

    identities: Mapping[str, Identity]

    def identity(self, service: str) -> Identity:
        """The identity of a service of this process.

        Raises:
            SettingsError: this process has none for it.
        """
        try:
            return self.identities[service]
        except KeyError:
            raise SettingsError(f"no certificate for {service!r} in this process") from None


class Authority:
    """A certificate authority of the mesh, with its key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, clock: clocks.Clock) -> None:
        self._certificate, self._key, self._clock = certificate, key, clock

    @classmethod
    def mint(cls, clock: clocks.Clock, life: dt.timedelta = AUTHORITY_LIFE) -> Authority:
        """A new one, trusted by nobody yet."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, f"{TRUST_DOMAIN} authority")])
        builder = _builder(name, name, key.public_key(), clock.now(), life)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key, clock)

    @property
    def certificate(self) -> bytes:
        """Its certificate, as PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key(self) -> Secret[bytes]:
        """Its key, as PEM."""
        return Secret(_key_pem(self._key))

    def issue(self, service: str, life: dt.timedelta = CERTIFICATE_LIFE) -> Identity:
        """A new certificate for a service."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, dns_name(service))])
        now = self._clock.now()
        builder = _builder(subject, self._certificate.subject, key.public_key(), now, life)
        for extension, critical in _leaf_extensions(service, self._key.public_key()):
            builder = builder.add_extension(extension, critical=critical)
        pem = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return Identity(service, pem, Secret(_key_pem(key)), self.certificate)


def throwaway(clock: clocks.Clock, services: Iterable[str] = IDENTITIES) -> Tls:
    """Identities under a new authority whose key nobody keeps: for a process that hosts everything itself."""
    authority = Authority.mint(clock)
    return Tls({service: authority.issue(service) for service in services})


def write_certificates(folder: Path, clock: clocks.Clock, services: Iterable[str] = IDENTITIES) -> None:
    """Make lasting certificates exist in `folder`; those that stand and do not end soon are left as they are.

    Several processes may do this at once: a lock lets one mint, the others find. Keys are readable by the owner only.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / ".lock"):
        authority = _standing_authority(folder, clock)
        for service in services:
            if not _stands(folder, service, authority, clock):
                _write_pair(folder, service, authority.issue(service))


def hand_out(folder: Path, to: Path, services: Iterable[str]) -> None:
    """Copy from `folder` what each service may hold, and nobody else, to `to/<service>`: its certificate and key, and
    the authority's certificate. The authority's key, with which anybody could be named, stays behind.

    Raises:
        SettingsError: one of them is not there, or cannot be written.
    """
    for service in services:
        identity, own = _load_identity(folder, service), to / service
        try:
            own.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(own / "ca.pem", identity.ca, 0o644)
            _write_pair(own, service, identity)
        except OSError as trouble:
            raise SettingsError(f"{own}: no certificate can be written there ({trouble.strerror})") from None


def load(folder: Path, services: Iterable[str], clock: clocks.Clock | None = None) -> Tls:
    """Lasting identities from `folder`.

    Raises:
        SettingsError: one of them is not there, is no certificate, or has ended.
    """
    now = (clock or clocks.SystemClock()).now()
    identities = {service: _load_identity(folder, service) for service in services}
    for service, identity in identities.items():
        _refuse_ended(folder, service, identity.certificate, now)
    return Tls(identities)


def _refuse_ended(folder: Path, service: str, certificate: bytes, now: dt.datetime) -> None:
    """Raise SettingsError for a certificate that every peer would refuse."""
    try:
        ends = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    except ValueError:
        raise SettingsError(f"CREDPASS_TLS_DIR: {service}.pem in {folder} is no certificate") from None
    if ends <= now:
        hint = "`credpass certs` renews it"
        raise SettingsError(f"CREDPASS_TLS_DIR: the certificate of {service} in {folder} ended on {ends:%F}; {hint}")


def _load_identity(folder: Path, service: str) -> Identity:
    try:
        certificate = (folder / f"{service}.pem").read_bytes()
        key = (folder / f"{service}.key").read_bytes()
        return Identity(service, certificate, Secret(key), (folder / "ca.pem").read_bytes())
    except OSError as trouble:
        reason = trouble.strerror or type(trouble).__name__
        hint = "`credpass certs` writes them"
        raise SettingsError(f"CREDPASS_TLS_DIR: no certificate for {service} in {folder} ({reason}); {hint}") from None


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number()).add_extension(identifier, critical=False)
    return builder.not_valid_before(now - CLOCK_SKEW).not_valid_after(now + life)


def _leaf_extensions(
    service: str, authority_key: ec.EllipticCurvePublicKey
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    uri, name = x509.UniformResourceIdentifier(spiffe_id(service)), x509.DNSName(dns_name(service))
    both_ends = [oid.ExtendedKeyUsageOID.SERVER_AUTH, oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([uri, name]), False),
        (_key_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage(both_ends), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), False),
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, encryption = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, encryption)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _standing_authority(folder: Path, clock: clocks.Clock) -> Authority:
    """The authority in `folder`; a new one where there is none or it ends before a certificate of it would."""
    pair = _read_pair(folder, "ca")
    if pair is not None and pair[0].not_valid_after_utc > clock.now() + CERTIFICATE_LIFE:
        return Authority(*pair, clock)
    authority = Authority.mint(clock)
    _write(folder / "ca.key", authority.key.reveal(), 0o600)
    _write(folder / "ca.pem", authority.certificate, 0o644)
    return authority


def _stands(folder: Path, service: str, authority: Authority, clock: clocks.Clock) -> bool:
    pair = _read_pair(folder, service)
    if pair is None or pair[0].not_valid_after_utc < clock.now() + RENEWAL:
        return False
    try:
        pair[0].verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    except Exception:  # noqa: BLE001 - the library raises several types, each of which says: not by this authority
        return False
    return True


def _read_pair(folder: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """Certificate and key that belong together; None where a crash or a hand left anything else."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and certificate.public_key() == key.public_key():
        return certificate, key
    return None


def _write_pair(folder: Path, name: str, identity: Identity) -> None:
    _write(folder / f"{name}.key", identity.key.reveal(), 0o600)
    _write(folder / f"{name}.pem", identity.certificate, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file whole, so that no reader sees half of it."""
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
