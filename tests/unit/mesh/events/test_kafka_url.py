"""What a kafka:// URL may say, and that it never tells its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh import events, settings
from mesh.events import kafka_url
from tests.support import clocks

DATA = Path("/data")


def test_hosts_credentials_and_files_are_read() -> None:
    url = "kafka://us%40er:p%3Aa%2Fss@one:19092,two,[::1]:1/?security=sasl_ssl&mechanism=plain&ca=ca.pem&prefix=x."
    cluster = kafka_url.parse(url, DATA)
    assert cluster.servers == ("one:19092", "two:9092", "[::1]:1")
    assert (cluster.user, cluster.password.reveal()) == ("us@er", "p:a/ss")
    assert (cluster.security, cluster.mechanism, cluster.ca, cluster.prefix) == (
        "sasl_ssl",
        "PLAIN",
        DATA / "ca.pem",
        "x.",
    )


@pytest.mark.parametrize(("url", "security"), [("kafka://u:p@h", "sasl_ssl"), ("kafka://h", "ssl")])
def test_without_a_word_the_connection_is_encrypted(url: str, security: str) -> None:
    cluster = kafka_url.parse(url, DATA)
    assert (cluster.security, cluster.mechanism) == (security, "SCRAM-SHA-512")
    assert cluster.connection()["ssl_context"].check_hostname


def test_no_repr_shows_the_password() -> None:
    assert "geheim" not in repr(kafka_url.parse("kafka://user:geheim@host", DATA))


@pytest.mark.parametrize(
    "url",
    [
        "kafka://",
        "kafka:///?security=plaintext",
        "kafka://geheim:x@host:port",
        "kafka://geheim:x@host:99999",
        "kafka://geheim:x@host/?security=tls",
        "kafka://geheim:x@host/?mechanism=GSSAPI",
        "kafka://geheim:x@host/?security=plaintext",
        "kafka://geheim@host",
        "kafka://host/?security=sasl_ssl",
        "kafka://geheim:x@host/?secruity=ssl",
        "kafka://host/?security=plaintext&ca=ca.pem",
        "kafka://geheim:x@host/?ca=missing.pem",
        "kafka://geheim:x@host/?replicas=0",
        "kafka://geheim:x@host/?replicas=many",
        "kafka://geheim:x@host/?replicas=100",
        "kafka://geheim:x@host/?min_insync=2",
        "kafka://geheim:x@host/?replicas=2&min_insync=3",
    ],
)
async def test_a_wrong_url_names_the_setting_and_no_secret(url: str, tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match=r"^CREDPASS_EVENTS_URL: ") as caught:
        await events.open_events(url, tmp_path, clocks.HandClock())
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_how_safe_topics_must_be_is_read_and_left_to_the_brokers_without_a_word() -> None:
    asked = kafka_url.parse("kafka://h/?replicas=3&min_insync=2", DATA).safety
    assert (asked.replicas, asked.min_insync) == (3, 2)
    assert kafka_url.parse("kafka://h", DATA).safety == kafka_url.Safety(0, 0)
