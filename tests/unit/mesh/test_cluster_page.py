"""The page for operators shows URLs that the parsers take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mesh import blobs, clock, mail, redis_clients
from mesh.documents import mongodb_url
from mesh.events import kafka_url
from mesh.vault import kms
from tests.support import loopback_certificates

PAGE = Path(__file__).parents[3] / "docs" / "cluster.md"
ROW = re.compile(r"^\| (?:`CREDPASS_[A-Z]+_URL`)? ?\| `([a-z0-9+]+://[^`]+)`", re.MULTILINE)
EXAMPLES = ROW.findall(PAGE.read_text())


def of(*schemes: str) -> list[str]:
    """The page's examples with one of these schemes."""
    return [url for url in EXAMPLES if url.partition("://")[0] in schemes]


def test_every_backend_has_an_example() -> None:
    schemes = [url.partition("://")[0] for url in EXAMPLES]
    caches = ["rediss", "rediss+sentinel", "rediss+cluster"]
    assert schemes == ["mongodb", "kafka", *caches, "s3", "awskms", "smtps"]


async def test_documents(tmp_path: Path) -> None:
    (url,) = of("mongodb")
    authority = loopback_certificates.write(tmp_path).authority
    await mongodb_url.client(url.replace("/etc/credpass/mongo-ca.pem", str(authority))).close()


def test_events(tmp_path: Path) -> None:
    (url,) = of("kafka")
    cluster = kafka_url.parse(url, tmp_path)
    assert (cluster.security, cluster.ca, cluster.prefix) == ("sasl_ssl", tmp_path / "kafka-ca.pem", "credpass.")
    assert cluster.safety == kafka_url.Safety(replicas=3, min_insync=2)


@pytest.mark.parametrize("url", of("rediss", "rediss+sentinel", "rediss+cluster"))
async def test_cache(url: str) -> None:
    await redis_clients.open_client(url).aclose()


async def test_blobs_keys_and_mail(tmp_path: Path) -> None:
    bucket, key, server = of("s3", "awskms", "smtps")
    await blobs.open_blobs(bucket, tmp_path).close()
    await mail.open_mailer(server, tmp_path, clock.SystemClock()).close()
    assert kms._address(key) == kms.Address("alias/credpass", "eu-central-1", "")
