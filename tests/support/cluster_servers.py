"""Every backend of a cluster as a real server: Kafka, FerretDB behind its gate, Redis, moto (S3, KMS), a mail server.

A server is taken from its CREDPASS_TEST_*_URL when that is set, else started. The mail server is always started, since
the mails it takes must be read. Run as a program (`python -m tests.support.cluster_servers FOLDER`) it says on standard
output what a process needs to use them, and stops them when its standard input ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mesh import ids
from tests.support import ferretdb, kafka_server, moto_server, redis_server, smtp_server

_STOP_TIMEOUT_S = 60.0
_FERRETDB_OPTIONS = "timeoutMS=30000"


@dataclasses.dataclass(frozen=True)
class Servers:
    """Servers that answer; those given, not started, are None. `environ`: what a process needs to use them."""

    environ: dict[str, str]
    mailbox: Path
    kafka: kafka_server.KafkaServer | None
    documents: ferretdb.FerretServer | None
    redis: redis_server.RedisServer | None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Servers of this block's own, or given ones with names of its own in them; skips where one cannot be had."""
    with contextlib.ExitStack() as stack:
        redis, redis_url = _redis(stack, folder / "redis")
        documents, documents_url = _documents(stack, folder / "documents")
        kafka, kafka_url = _kafka(stack, folder / "kafka")
        mailbox = folder / "mailbox"
        environ = {
            "CREDPASS_CACHE_URL": redis_url,
            "CREDPASS_DOCUMENTS_URL": documents_url,
            "CREDPASS_EVENTS_URL": kafka_url,
            "CREDPASS_MAIL_URL": stack.enter_context(smtp_server.keeping(mailbox)),
            **_aws(stack),
        }
        yield Servers(environ, mailbox, kafka, documents, redis)


def _redis(stack: contextlib.ExitStack, folder: Path) -> tuple[redis_server.RedisServer | None, str]:
    if given := os.environ.get(redis_server.VARIABLE, ""):
        return None, given
    folder.mkdir(parents=True, exist_ok=True)
    server = stack.enter_context(redis_server.own_server(folder))
    return server, server.url


def _documents(stack: contextlib.ExitStack, folder: Path) -> tuple[ferretdb.FerretServer | None, str]:
    if given := os.environ.get(ferretdb.VARIABLE, ""):
        return None, stack.enter_context(ferretdb.fresh_database(given))
    server = stack.enter_context(ferretdb.own_server(folder))
    return server, f"{server.url}credpass?{_FERRETDB_OPTIONS}"


def _kafka(stack: contextlib.ExitStack, folder: Path) -> tuple[kafka_server.KafkaServer | None, str]:
    if given := os.environ.get(kafka_server.VARIABLE, ""):
        return None, kafka_server.with_prefix(given)
    kafka_server.skip_unless_it_can_run()
    server = stack.enter_context(kafka_server.own_server(folder))
    return server, server.broker.secure_url


def _aws(stack: contextlib.ExitStack) -> dict[str, str]:
    """URLs of S3 and KMS, both on one moto server unless they are given, and the credentials for them."""
    blobs, keys = os.environ.get(moto_server.S3_VARIABLE, ""), os.environ.get(moto_server.KMS_VARIABLE, "")
    stack.enter_context(moto_server.credentials())
    if not (blobs and keys):
        server = stack.enter_context(moto_server.own_server())
        blobs, keys = blobs or server.s3_url(ids.new_id("test")), keys or server.kms_url(server.make_key())
    credentials = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return {"CREDPASS_BLOBS_URL": blobs, "CREDPASS_KEYS_URL": keys, **credentials}


@contextlib.contextmanager
def held(folder: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Servers in the care of a process that this terminal's Ctrl-C does not reach, and that outlives nobody.

    Yields what a process needs to use them, and the folder of the mails.
    """
    command = [sys.executable, "-m", "tests.support.cluster_servers", str(folder)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
    try:
        assert holder.stdout is not None
        told = holder.stdout.readline()
        if not told:
            raise RuntimeError("the servers did not start")
        yield json.loads(told), folder / "mailbox"
    finally:
        assert holder.stdin is not None
        holder.stdin.close()
        holder.wait(_STOP_TIMEOUT_S)


def hold(folder: Path) -> None:
    """Run servers until standard input ends, as it does when whoever asked has ended, in whatever way."""
    with running(folder) as servers:
        print(json.dumps(servers.environ), flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    hold(Path(sys.argv[1]))
