"""A moto server (S3 and KMS over HTTP, PyPI `moto[server]`) as a process on a free loopback port.

`CREDPASS_TEST_S3_URL` and `CREDPASS_TEST_KMS_URL` name real ones instead, in the form of `CREDPASS_BLOBS_URL` and
`CREDPASS_KEYS_URL`; their credentials then come from the AWS environment.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mesh import ids
from tests.support import loopback_certificates, redis_server

S3_VARIABLE = "CREDPASS_TEST_S3_URL"
KMS_VARIABLE = "CREDPASS_TEST_KMS_URL"
REGION = "eu-central-1"
BUCKET = "credpass-tests"
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0
_CALL_TIMEOUT_S = 10.0


class MotoServer:
    """A moto server process that a test may stop; what it held is gone with it."""

    def __init__(self, certificates: loopback_certificates.Certificates | None = None) -> None:
        self.port = redis_server.free_port()
        self.endpoint = f"{'https' if certificates else 'http'}://127.0.0.1:{self.port}"
        self._certificates = certificates
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        if self._certificates is not None:
            command += ["-s", "-c", str(self._certificates.certificate), "-k", str(self._certificates.key)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._call("GET", "/moto-api/data.json")[0] == http.client.OK:
                    return
            time.sleep(0.05)
        raise RuntimeError("moto server did not start")

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_TIMEOUT_S)
            self._process = None

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Take connections and answer nothing meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def checking_credentials(self) -> Iterator[None]:
        """Refuse the tests' credentials meanwhile: there is no such user."""
        self._call("POST", "/moto-api/reset-auth", "0")
        try:
            yield
        finally:
            self._call("POST", "/moto-api/reset-auth", "inf")

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket exist."""
        body = (
            f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        )
        status, _, answer = self._call("PUT", f"/{name}", body, {"authorization": _authorization("s3")})
        if status not in {http.client.OK, http.client.CONFLICT}:
            raise RuntimeError(f"no bucket: {answer!r}")

    def make_key(self, alias: str = "") -> str:
        """A new symmetric key, with an alias (`alias/...`) if one is given; its ARN."""
        arn: str = self.kms("CreateKey")["KeyMetadata"]["Arn"]
        if alias:
            self.kms("CreateAlias", AliasName=alias, TargetKeyId=arn)
        return arn

    def kms(self, action: str, **parameters: Any) -> dict[str, Any]:
        """A call of the key management service's JSON protocol."""
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"TrentService.{action}",
            "authorization": _authorization("kms"),
        }
        status, _, answer = self._call("POST", "/", json.dumps(parameters), headers)
        if status != http.client.OK:
            raise RuntimeError(f"{action}: {answer!r}")
        found: dict[str, Any] = json.loads(answer) if answer else {}
        return found

    def _call(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        authority = self._certificates.authority if self._certificates else None
        return _call(self.port, method, path, body, headers, authority)

    def s3_url(self, prefix: str, **options: str) -> str:
        """The blobs' URL of a prefix in the tests' bucket."""
        query = "".join(f"&{name}={value}" for name, value in options.items())
        return f"s3://{BUCKET}/{prefix}?region={REGION}&endpoint={self.endpoint}{query}"

    def kms_url(self, key: str) -> str:
        """The URL of a key-encryption key."""
        return f"awskms://{key}?region={REGION}&endpoint={self.endpoint}"


@contextlib.contextmanager
def own_server(certificates: loopback_certificates.Certificates | None = None) -> Iterator[MotoServer]:
    """A server that this test owns, with the tests' bucket; skips where moto is not installed (fails with CI=true).

    With certificates it speaks TLS.
    """
    if importlib.util.find_spec("moto") is None:
        reason = f"needs moto (PyPI moto[server,s3,kms]) or {S3_VARIABLE} and {KMS_VARIABLE}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    server = MotoServer(certificates)
    try:
        server.start()
        server.make_bucket(BUCKET)
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def s3() -> Iterator[Callable[[], str]]:
    """A maker of blobs' URLs, each with a prefix of its own, on the given store or on a moto server."""
    given = os.environ.get(S3_VARIABLE, "")
    if given:
        yield lambda: with_prefix(given)
        return
    with credentials(), own_server() as server:
        yield lambda: server.s3_url(ids.new_id("test"))


def with_prefix(url: str) -> str:
    """The same bucket with a prefix that nobody else uses."""
    address, _, query = url.partition("?")
    return f"{address.rstrip('/')}/{ids.new_id('test')}?{query}"


@contextlib.contextmanager
def kms() -> Iterator[str]:
    """The URL of a key-encryption key: the given one, or one on a moto server."""
    given = os.environ.get(KMS_VARIABLE, "")
    if given:
        yield given
        return
    with credentials(), own_server() as server:
        yield server.kms_url(server.make_key())


@contextlib.contextmanager
def credentials() -> Iterator[None]:
    """Credentials in the AWS environment, where there are none: moto takes any."""
    made = {name: "testing" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if name not in os.environ}
    os.environ.update(made)
    try:
        yield
    finally:
        for name in made:
            del os.environ[name]


def request(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A raw request to the S3 side: status, headers (names in lower case) and body of the answer."""
    sent = {"authorization": _authorization("s3"), **headers}
    return _call(port, method, path, body, sent)


def _authorization(service: str) -> str:
    # moto reads region and service from the scope and checks no signature.
    scope = f"testing/20260101/{REGION}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def _call(
    port: int,
    method: str,
    path: str,
    body: str = "",
    headers: dict[str, str] | None = None,
    authority: Path | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_CALL_TIMEOUT_S)
    if authority is not None:
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=_CALL_TIMEOUT_S, context=context)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
