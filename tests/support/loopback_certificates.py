"""A throwaway authority and a certificate for 127.0.0.1 and localhost under it, for servers that tests start."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

from mesh import clock, ids

_LIFE = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Certificates:
    """PEM files: what a client is to trust, and what the server shows."""

    authority: Path
    certificate: Path
    key: Path


def write(folder: Path) -> Certificates:
    """Make an authority and a server's certificate in a folder."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(ids.new_id("authority"))
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    root = _builder(root_name, root_name, root_key).add_extension(constraints, critical=True)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = _builder(_name("localhost"), root_name, key).add_extension(
        x509.SubjectAlternativeName(names), critical=False
    )
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    for path, certificate in ((made.authority, root), (made.certificate, leaf)):
        path.write_bytes(certificate.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    return made


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = clock.SystemClock().now()
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(now - _LIFE).not_valid_after(now + _LIFE)
