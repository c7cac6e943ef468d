"""Blobs in an S3 bucket (or what speaks its protocol), over obstore.

`s3://bucket/prefix?region=...&endpoint=...&sse=aws:kms&sse_key=...&ca=...`. Credentials come from the AWS environment:
AWS_* variables, web identity, the container's or the machine's role. They need s3:PutObject, GetObject, DeleteObject,
ListBucket and AbortMultipartUpload. An upload whose process was killed leaves parts that only a lifecycle rule
(AbortIncompleteMultipartUpload) removes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import urllib.parse
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore import exceptions
from obstore.store import S3Store

from mesh import errors, settings
from mesh.blobs import port

if TYPE_CHECKING:
    from obstore import AsyncWritableFile
    from obstore.store import ClientConfig, RetryConfig, S3Config

_OPTIONS = frozenset({"region", "endpoint", "sse", "sse_key", "ca"})
_ENCRYPTIONS = frozenset({"AES256", "aws:kms", "aws:kms:dsse"})
# Up to this much is one PUT, more a multipart upload in such parts. S3 takes 5 MiB to 5 GiB a part and 10,000 parts.
_PART_BYTES = 8 * 1024 * 1024
# Memory of a put: the part being filled and those under way.
_PARTS_UNDER_WAY = 2
_PIECE_BYTES = 256 * 1024
_PAGE_KEYS = 1000
_CONNECT_TIMEOUT = datetime.timedelta(seconds=2)
# Of a server that sends nothing. A slow reader of ours does not count.
_READ_TIMEOUT = datetime.timedelta(seconds=15)
# Of a whole request, its body included, which may wait for whoever reads it.
_TIMEOUT = datetime.timedelta(minutes=15)
_RETRY: RetryConfig = {
    "max_retries": 3,
    "retry_timeout": datetime.timedelta(seconds=10),
    "backoff": {
        "init_backoff": datetime.timedelta(milliseconds=100),
        "max_backoff": datetime.timedelta(seconds=1),
        "base": 2,
    },
}
_TROUBLE = (exceptions.BaseError, OSError)
# Where the library looks for the role of a container or machine once the environment holds no credentials.
_METADATA_HOSTS = ("169.254.169.254", "169.254.170.2")
# Asked for by `ping`; no key begins with a dot.
_NO_BLOB = ".ping"

Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    bucket: str
    prefix: str
    options: dict[str, str]


class S3Blobs:
    """Blobs as objects of a bucket, their keys after a prefix."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        path, size_bytes = port.checked(key), 0
        writer = obstore.open_writer_async(self._store, path, buffer_size=_PART_BYTES, max_concurrency=_PARTS_UNDER_WAY)
        try:
            async for chunk in chunks:
                size_bytes += len(chunk)
                await _reached(writer.write(chunk))
            await _reached(writer.close())
        except BaseException as failure:
            await _abort(writer, failure)
            raise
        return size_bytes

    async def get(self, key: str) -> AsyncIterator[bytes]:
        answer = await _reached(obstore.get_async(self._store, port.checked(key)))
        pieces = answer.stream(min_chunk_size=_PIECE_BYTES)
        while True:
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except _TROUBLE as trouble:
                raise _stated(trouble) from trouble
            yield bytes(piece)

    async def delete(self, key: str) -> None:
        with contextlib.suppress(port.BlobMissing):
            await _reached(obstore.delete_async(self._store, port.checked(key)))

    async def list(self, prefix: str, *, after: str = "", limit: int = port.LIST_LIMIT) -> port.Keys:
        keys: port.Keys = []
        try:
            async for page in obstore.list(
                self._store, prefix.rpartition("/")[0] or None, offset=_offset(prefix, after), chunk_size=_PAGE_KEYS
            ):
                keys += [found["path"] for found in page if _listed(found["path"], prefix, after)]
                if len(keys) >= limit or _beyond(page[-1]["path"], prefix):
                    break
        except _TROUBLE as trouble:
            raise _stated(trouble) from trouble
        return keys[:limit]

    async def ping(self) -> None:
        # Asking for what is not there shows that the bucket exists and that the credentials may read and list it.
        with contextlib.suppress(port.BlobMissing):
            await _reached(obstore.get_async(self._store, _NO_BLOB))

    async def close(self) -> None:
        """Connections close by themselves once idle."""


def open_bucket(url: str, data: Path) -> S3Blobs:
    """The blobs at `s3://bucket/prefix`; nothing is connected yet.

    Raises:
        mesh.settings.SettingsError: the URL is wrong.
    """
    place = _place(url)
    try:
        store = S3Store(
            place.bucket,
            prefix=place.prefix or None,
            config=_config(place.options),
            client_options=_client(place.options, data),
            retry_config=_RETRY,
        )
    except (exceptions.BaseError, ValueError) as trouble:
        raise settings.SettingsError(f"{port.VARIABLE}: not an S3 URL that can be used") from trouble
    return S3Blobs(store)


def _place(url: str) -> _Place:
    parts = urllib.parse.urlsplit(url)
    options = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    prefix = urllib.parse.unquote(parts.path).strip("/")
    if not parts.netloc or "@" in parts.netloc or ":" in parts.netloc:
        raise settings.SettingsError(f"{port.VARIABLE}: is not s3://bucket/prefix (credentials: AWS_* variables)")
    if prefix and not port.is_key(prefix):
        raise settings.SettingsError(f"{port.VARIABLE}: the prefix may hold letters, digits, '.', '_', '-' and '/'")
    for name in sorted(options.keys() - _OPTIONS):
        raise settings.SettingsError(
            f"{port.VARIABLE}: unknown option {name!r}; known are {', '.join(sorted(_OPTIONS))}"
        )
    if options.get("sse", "AES256") not in _ENCRYPTIONS:
        raise settings.SettingsError(f"{port.VARIABLE}: sse is none of {', '.join(sorted(_ENCRYPTIONS))}")
    if "sse_key" in options and "kms" not in options.get("sse", ""):
        raise settings.SettingsError(f"{port.VARIABLE}: sse_key needs sse=aws:kms")
    if not options.get("endpoint", "https://").startswith(("http://", "https://")):
        raise settings.SettingsError(f"{port.VARIABLE}: the endpoint is not an http:// or https:// URL")
    return _Place(parts.netloc, prefix, options)


def _config(options: dict[str, str]) -> S3Config:
    # Not every server of this protocol deletes in bulk, and one object at a time needs no bulk.
    config: S3Config = {"disable_bulk_delete": True}
    if "region" in options:
        config["region"] = options["region"]
    if "endpoint" in options:
        config["endpoint"] = options["endpoint"]
    if "sse" in options:
        config["server_side_encryption"] = options["sse"]
    if "sse_key" in options:
        config["sse_kms_key_id"] = options["sse_key"]
    return config


def _client(options: dict[str, str], data: Path) -> ClientConfig:
    client: ClientConfig = {
        "allow_http": options.get("endpoint", "").startswith("http://"),
        "connect_timeout": _CONNECT_TIMEOUT,
        "read_timeout": _READ_TIMEOUT,
        "timeout": _TIMEOUT,
    }
    if "ca" in options:
        try:
            client["root_certificate"] = (data / options["ca"]).read_bytes()
        except OSError:
            raise settings.SettingsError(f"{port.VARIABLE}: the file named by ca cannot be read") from None
    return client


def _offset(prefix: str, after: str) -> str | None:
    # The store lists by whole names. Keys that begin with a part of a name come after that part less its last letter.
    below = prefix[:-1] if prefix.rpartition("/")[2][:-1] else ""
    return max(after, below) or None


def _listed(key: str, prefix: str, after: str) -> bool:
    return key.startswith(prefix) and key > after and port.is_key(key)


def _beyond(key: str, prefix: str) -> bool:
    return key > prefix and not key.startswith(prefix)


async def _reached(call: Awaitable[Result]) -> Result:
    try:
        return await call
    except _TROUBLE as trouble:
        raise _stated(trouble) from trouble


async def _abort(writer: AsyncWritableFile, failure: BaseException) -> None:
    # A second failure has nothing to add, and the first is what the caller is told.
    with contextlib.suppress(*_TROUBLE):
        await writer.__aexit__(type(failure), failure, failure.__traceback__)


def _stated(trouble: Exception) -> errors.ServiceError:
    if isinstance(trouble, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        return errors.Unavailable("The blob store refuses the credentials.")
    # A lost bucket is answered like a lost object. It must not look like one: that would be an end, this is a pause.
    if "NoSuchBucket" in str(trouble):
        return errors.Unavailable("The blob store has no such bucket.")
    if isinstance(trouble, FileNotFoundError):
        return port.BlobMissing()
    if any(host in str(trouble) for host in _METADATA_HOSTS):
        return errors.Unavailable("The blob store needs credentials, and the AWS environment has none.")
    return errors.Unavailable("Blobs cannot be reached.")
