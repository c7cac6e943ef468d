"""Key-encryption keys in AWS KMS: data keys are wrapped and unwrapped there, and the key itself never leaves it.

`awskms://key-id-or-alias?region=...&endpoint=...`; credentials come from the standard AWS environment and need
kms:Encrypt, Decrypt, ReEncryptFrom, ReEncryptTo and DescribeKey. boto3 (extra `[aws]`) blocks, so its calls run on
threads of their own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import functools
import http
import urllib.parse
from typing import Any

from mesh import errors, settings
from mesh.documents import port
from mesh.vault import facts, kek, successors

_OPTIONS = frozenset({"region", "endpoint"})
# Calls at a time; more wait. Unwrapped keys are cached, so that this is the rate of new subjects, not of seals.
_THREADS = 8
_CONNECT_TIMEOUT_S = 2
_READ_TIMEOUT_S = 5
# A service that says nothing is given up before the caller's own time is over (15 s), who then hears what is wrong.
_ATTEMPTS = 2
_UNREACHABLE = "The key management service cannot be reached."
# What KMS answers when a wrapped key was changed, is another subject's, or its key-encryption key is gone for good.
_BROKEN = frozenset({"InvalidCiphertextException", "IncorrectKeyException", "NotFoundException"})
_PASSING = frozenset({"ThrottlingException", "LimitExceededException", "DependencyTimeoutException"})
_ABSENT = frozenset({"NotFoundException"})
# https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
_CONTEXT = {"purpose": "credpass.vault.key"}


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """Where a key lies. `key`: its id, ARN or alias (`alias/...`). Empty: the AWS environment decides."""

    key: str
    region: str
    endpoint: str


class _Refused(Exception):
    """KMS answered with an error code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class KmsKeys:
    """Key-encryption keys in KMS: the one of the URL, or whichever took its place in a rotation since."""

    def __init__(self, client: Any, address: Address, documents: port.Documents) -> None:
        self._client = client
        self._address = address
        self._successors = successors.Successors(documents)
        self._arn = ""  # of the URL's key when this process began; `check` finds it
        self._threads = concurrent.futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="kms")

    async def wrap(self, subject: str, data_key: bytes) -> kek.WrappedKey:
        answer = await self._reached(
            "encrypt", KeyId=await self._current(), Plaintext=data_key, EncryptionContext=_bound(subject)
        )
        return kek.WrappedKey(answer["KeyId"], answer["CiphertextBlob"])

    async def unwrap(self, subject: str, key: kek.WrappedKey) -> bytes:
        answer = await self._reached(
            "decrypt", KeyId=key.kek_id, CiphertextBlob=key.wrapped, EncryptionContext=_bound(subject), broken=_BROKEN
        )
        data_key: bytes = answer["Plaintext"]
        return data_key

    async def rewrap(self, subject: str, key: kek.WrappedKey) -> kek.WrappedKey:
        answer = await self._reached(
            "re_encrypt",
            CiphertextBlob=key.wrapped,
            SourceKeyId=key.kek_id,
            SourceEncryptionContext=_bound(subject),
            DestinationKeyId=await self._current(),
            DestinationEncryptionContext=_bound(subject),
            broken=_BROKEN,
        )
        return kek.WrappedKey(answer["KeyId"], answer["CiphertextBlob"])

    async def current_id(self) -> str:
        arn: str = (await self._reached("describe_key", KeyId=await self._current()))["KeyMetadata"]["Arn"]
        return arn

    async def renew(self, named: str) -> str:
        if not named:
            raise settings.SettingsError("nothing is left under an older key: name the new key (an id, ARN or alias)")
        arn = await self._usable(named)
        if arn != await self.current_id():
            await self._successors.put(self._arn, arn)
        return arn

    async def check(self) -> None:
        """Find the key and see that it can wrap. Raises SettingsError, Unavailable: the message names the setting."""
        self._arn = await self._usable(self._address.key)

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._client.close)

    async def _current(self) -> str:
        # KMS itself follows an alias that is pointed elsewhere, so it stays a name until a rotation replaces it.
        last = await self._successors.of(self._arn)
        return self._address.key if last == self._arn else last

    async def _usable(self, key: str) -> str:
        """The ARN of a key that can wrap data keys."""
        try:
            facts_of_key = (await self._call("describe_key", KeyId=key))["KeyMetadata"]
        except errors.Unavailable:
            raise errors.Unavailable(f"{kek.VARIABLE}: the key management service cannot be reached") from None
        except _Refused as refused:
            problem = "has no such key" if refused.code in _ABSENT else f"refuses the key ({refused.code})"
            raise settings.SettingsError(f"{kek.VARIABLE}: the key management service {problem}") from None
        if facts_of_key["KeyState"] != "Enabled" or facts_of_key["KeySpec"] != "SYMMETRIC_DEFAULT":
            raise settings.SettingsError(f"{kek.VARIABLE}: the key is not an enabled symmetric encryption key")
        arn: str = facts_of_key["Arn"]
        return arn

    async def _reached(self, operation: str, *, broken: frozenset[str] = frozenset(), **parameters: Any) -> Any:
        try:
            return await self._call(operation, **parameters)
        except _Refused as refused:
            if refused.code in broken:
                raise facts.SealBroken from None
            raise errors.Unavailable("The key management service refuses the key.") from refused

    async def _call(self, operation: str, **parameters: Any) -> Any:
        from botocore import exceptions  # type: ignore[import-untyped]

        work = functools.partial(getattr(self._client, operation), **parameters)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except exceptions.ClientError as refusal:
            raise _refusal(refusal.response) from refusal
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as trouble:
            raise _Refused("no credentials in the AWS environment") from trouble
        except (exceptions.BotoCoreError, OSError) as trouble:
            raise errors.Unavailable(_UNREACHABLE) from trouble


async def open_keys(url: str, documents: port.Documents) -> KmsKeys:
    """The key-encryption keys that start at `awskms://...`; the vault's collection must exist.

    Raises:
        settings.SettingsError, errors.Unavailable: the message names CREDPASS_KEYS_URL.
    """
    address = _address(url)
    keys = KmsKeys(await asyncio.to_thread(_client, address), address, documents)
    try:
        await keys.check()
    except BaseException:
        await keys.close()
        raise
    return keys


def _refusal(response: Any) -> Exception:
    code = response["Error"]["Code"]
    passing = response["ResponseMetadata"]["HTTPStatusCode"] >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    return errors.Unavailable(_UNREACHABLE) if passing or code in _PASSING else _Refused(code)


def _bound(subject: str) -> dict[str, str]:
    return {**_CONTEXT, "subject": subject}


def _address(url: str) -> Address:
    parts = urllib.parse.urlsplit(url)
    key = urllib.parse.unquote((parts.netloc + parts.path).strip("/"))
    options = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    if not key or "@" in key:
        raise settings.SettingsError(f"{kek.VARIABLE}: is not awskms://key-id-or-alias (credentials: AWS_* variables)")
    for name in sorted(options.keys() - _OPTIONS):
        raise settings.SettingsError(
            f"{kek.VARIABLE}: unknown option {name!r}; known are {', '.join(sorted(_OPTIONS))}"
        )
    return Address(key, options.get("region", ""), options.get("endpoint", ""))


def _client(address: Address) -> Any:
    try:
        import boto3  # type: ignore[import-untyped]
        from botocore import config, exceptions
    except ImportError:
        raise settings.SettingsError(f"{kek.VARIABLE}: awskms: needs the extra credpass[aws]") from None
    options = config.Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        max_pool_connections=_THREADS,
    )
    place = {"region_name": address.region or None, "endpoint_url": address.endpoint or None}
    try:
        return boto3.session.Session().client("kms", config=options, **place)
    except (exceptions.BotoCoreError, ValueError) as trouble:
        raise settings.SettingsError(f"{kek.VARIABLE}: names no region or endpoint that can be used") from trouble
