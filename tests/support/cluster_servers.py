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
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import redis

from mesh import ids
from tests.support import ferretdb, kafka_server, moto_server, redis_server, smtp_server

# Each server's own limit is shorter; on a new machine the broker's jars come first.
_START_TIMEOUT_S = 600.0
_STOP_TIMEOUT_S = 60.0


@dataclasses.dataclass(frozen=True)
class Servers:
    """Servers that answer; those that are given or shared, not this block's own, are None.

    `mail_url`: mails sent there lie in `mailbox` as the file backend keeps them.
    """

    documents_url: str
    events_url: str
    cache_url: str
    mail_url: str
    keys_url: str
    blobs_url: Callable[[], str]
    credentials: dict[str, str]
    mailbox: Path
    kafka: kafka_server.KafkaServer | None
    documents: ferretdb.FerretServer | None
    redis: redis_server.RedisServer | None

    @contextlib.contextmanager
    def fresh(self) -> Iterator[dict[str, str]]:
        """What a process needs to use them; a database, topics, groups, a cache and blobs that nobody used before."""
        with (
            ferretdb.fresh_database(self.documents_url) as documents_url,
            redis.Redis.from_url(self.cache_url) as cache,
        ):
            if self.redis is not None:
                cache.flushall()
            yield {
                "CREDPASS_CACHE_URL": self.cache_url,
                "CREDPASS_DOCUMENTS_URL": documents_url,
                "CREDPASS_EVENTS_URL": kafka_server.with_prefix(self.events_url),
                "CREDPASS_MAIL_URL": self.mail_url,
                "CREDPASS_BLOBS_URL": self.blobs_url(),
                "CREDPASS_KEYS_URL": self.keys_url,
                **self.credentials,
            }


@contextlib.contextmanager
def running(folder: Path, *, own_broker: bool = True) -> Iterator[Servers]:
    """Servers of this block's own (the broker also one that test processes share); skips where one cannot be had."""
    with contextlib.ExitStack() as stack:
        redis_, cache_url = _redis(stack, folder / "redis")
        documents, documents_url = _documents(stack, folder / "documents")
        kafka, events_url = _kafka(stack, folder / "kafka", own=own_broker)
        blobs_url, keys_url = _aws(stack)
        mailbox = folder / "mailbox"
        yield Servers(
            documents_url=documents_url,
            events_url=events_url,
            cache_url=cache_url,
            mail_url=stack.enter_context(smtp_server.keeping(mailbox)),
            keys_url=keys_url,
            blobs_url=blobs_url,
            credentials=_credentials(),
            mailbox=mailbox,
            kafka=kafka,
            documents=documents,
            redis=redis_,
        )


def _redis(stack: contextlib.ExitStack, folder: Path) -> tuple[redis_server.RedisServer | None, str]:
    if given := os.environ.get(redis_server.VARIABLE, ""):
        return None, given
    folder.mkdir(parents=True, exist_ok=True)
    server = stack.enter_context(redis_server.own_server(folder))
    return server, server.url


def _documents(stack: contextlib.ExitStack, folder: Path) -> tuple[ferretdb.FerretServer | None, str]:
    if given := os.environ.get(ferretdb.VARIABLE, ""):
        return None, given
    server = stack.enter_context(ferretdb.own_server(folder))
    return server, server.url


def _kafka(stack: contextlib.ExitStack, folder: Path, *, own: bool) -> tuple[kafka_server.KafkaServer | None, str]:
    if not own or os.environ.get(kafka_server.VARIABLE, ""):
        broker = stack.enter_context(kafka_server.running())
        return None, broker.secure_url or broker.url
    kafka_server.skip_unless_it_can_run()
    server = stack.enter_context(kafka_server.own_server(folder))
    return server, server.broker.secure_url


def _aws(stack: contextlib.ExitStack) -> tuple[Callable[[], str], str]:
    """A maker of blobs' URLs and the URL of a key, both on one moto server unless they are given."""
    given, key = os.environ.get(moto_server.S3_VARIABLE, ""), os.environ.get(moto_server.KMS_VARIABLE, "")
    if given and key:
        return lambda: moto_server.with_prefix(given), key
    server = stack.enter_context(moto_server.own_server())
    key = key or server.kms_url(server.make_key())
    return lambda: moto_server.with_prefix(given) if given else server.s3_url(ids.new_id("test")), key


def _credentials() -> dict[str, str]:
    with moto_server.credentials():
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


@contextlib.contextmanager
def held(folder: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Servers in the care of a process that this terminal's Ctrl-C does not reach, and that outlives nobody.

    Yields what a process needs to use them, and the folder of the mails.
    """
    command = [sys.executable, "-m", "tests.support.cluster_servers", str(folder)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
    try:
        yield json.loads(_first_line(holder)), folder / "mailbox"
    finally:
        _let_go(holder)


def _first_line(holder: subprocess.Popen[bytes]) -> bytes:
    assert holder.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(holder.stdout, selectors.EVENT_READ)
        if selector.select(_START_TIMEOUT_S) and (told := holder.stdout.readline()):
            return told
    raise RuntimeError("the servers did not start")


def _let_go(holder: subprocess.Popen[bytes]) -> None:
    """End the holder, which ends the servers; one that does not end in time is killed with all it started."""
    assert holder.stdin is not None
    holder.stdin.close()
    try:
        holder.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()


def hold(folder: Path) -> None:
    """Run servers until standard input ends, as it does when whoever asked has ended, in whatever way."""
    with running(folder) as servers, servers.fresh() as environ:
        print(json.dumps(environ), flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    hold(Path(sys.argv[1]))
