"""PDF encryption (ISO 32000-2, 7.6) with the empty user password: what banks do to forbid editing, not reading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from analysis.statement import errors

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_REASON = "the PDF is encrypted: save it without a password"

Decrypt = Callable[[bytes, int, int], bytes]


def decryptor(info: dict[str, Any], first_id: bytes, get: Callable[[Any], Any]) -> Decrypt:
    """Decrypts streams by their object's number and generation.

    Raises `PasswordProtected` where a password is needed or the scheme is none of the standard's.
    """
    version, revision = get(info.get("V")), get(info.get("R"))
    if version not in (1, 2, 4, 5) or not isinstance(revision, int):
        raise errors.PasswordProtected(_REASON)
    method = _method(info, version, get)
    values = {name: get(info.get(name)) for name in ("O", "U", "UE", "P", "Length", "EncryptMetadata")}
    try:
        key = _new_key(values, revision) if version == 5 else _old_key(values, version, revision, first_id)
    except (TypeError, ValueError, KeyError) as error:
        raise errors.PasswordProtected(_REASON) from error

    def decrypt(body: bytes, number: int, generation: int) -> bytes:
        try:
            return _decrypted(body, key, method, number, generation)
        except (ValueError, OverflowError) as error:
            raise errors.PasswordProtected(_REASON) from error

    return decrypt


def _decrypted(body: bytes, key: bytes, method: str, number: int, generation: int) -> bytes:
    if method == "Identity":
        return body
    if method == "AESV3":
        return _aes(key, body)
    salt = b"sAlT" if method == "AESV2" else b""
    place = number.to_bytes(3, "little") + generation.to_bytes(2, "little")
    own_key = hashlib.md5(key + place + salt).digest()[: min(len(key) + 5, 16)]  # noqa: S324 (the standard's)
    return _aes(own_key, body) if method == "AESV2" else _rc4(own_key, body)


def _method(info: dict[str, Any], version: int, get: Callable[[Any], Any]) -> str:
    if version < 4:
        return "V2"
    filters, name = get(info.get("CF")), get(info.get("StmF")) or "Identity"
    chosen = get(filters.get(str(name))) if isinstance(filters, dict) else None
    return str(get(chosen.get("CFM"))) if isinstance(chosen, dict) else "Identity"


def _old_key(values: dict[str, Any], version: int, revision: int, first_id: bytes) -> bytes:
    """Algorithm 2, checked by algorithms 4 and 5."""
    size = 5 if version == 1 else (values["Length"] if isinstance(values["Length"], int) else 40) // 8
    size = 16 if version == 4 else min(max(size, 5), 16)
    permissions = (int(values["P"]) & 0xFFFFFFFF).to_bytes(4, "little")
    tail = b"\xff" * 4 if revision >= 4 and values["EncryptMetadata"] == "false" else b""
    key = hashlib.md5(_PAD + values["O"][:32] + permissions + first_id + tail).digest()  # noqa: S324 (the standard's)
    for _ in range(50 if revision >= 3 else 0):
        key = hashlib.md5(key[:size]).digest()  # noqa: S324
    key = key[:size]
    if revision == 2:
        proof = _rc4(key, _PAD) == values["U"][:32]
    else:
        check = hashlib.md5(_PAD + first_id).digest()  # noqa: S324
        for turn in range(20):
            check = _rc4(bytes(byte ^ turn for byte in key), check)
        proof = check == values["U"][:16]
    if not proof:
        raise errors.PasswordProtected(_REASON)
    return key


def _new_key(values: dict[str, Any], revision: int) -> bytes:
    """Algorithm 2.A for the empty user password."""
    user = values["U"]
    if _hash(user[32:40], revision) != user[:32]:
        raise errors.PasswordProtected(_REASON)
    return _aes_block(_hash(user[40:48], revision), bytes(16), values["UE"][:32], decrypt=True)


def _hash(salt: bytes, revision: int) -> bytes:
    """Algorithm 2.B: at least 64 rounds, until the last byte says stop (bounded here)."""
    key = hashlib.sha256(salt).digest()
    for turn in range(512 if revision >= 6 else 0):
        data = _aes_block(key[:16], key[16:32], key * 64, decrypt=False)
        kind = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(data[:16]) % 3]
        key = kind(data).digest()
        if turn >= 63 and data[-1] <= turn - 31:
            break
    return key[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    return Cipher(ARC4(key), mode=None).encryptor().update(data)


def _aes(key: bytes, body: bytes) -> bytes:
    """CBC with the vector in front and PKCS 7 padding behind; a damaged tail is left out."""
    whole = body[16 : 16 + (len(body) - 16) // 16 * 16]
    if len(body) < 32 or not whole:
        return b""
    plain = _aes_block(key, body[:16], whole, decrypt=True)
    return plain[: -plain[-1]] if 1 <= plain[-1] <= 16 else plain


def _aes_block(key: bytes, vector: bytes, data: bytes, *, decrypt: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.CBC(vector))
    machine = cipher.decryptor() if decrypt else cipher.encryptor()
    return machine.update(data) + machine.finalize()
