"""AES-256-GCM over whole values and over streams of 64 KiB segments. Pure: keys come in, nothing is stored.

A value: format (1 byte), nonce (12), ciphertext and tag. A stream: format (1), stream id (16), then segments of nonce
(12), 64 KiB of ciphertext (less in the last) and tag (16). A segment's associated data holds what the value's does, the
stream id, its index and whether it is the last, so that none can be changed, left out, added, moved or taken from
another stream.
Nonces are 96 random bits: far below 2^32 seals a key (NIST SP 800-38D, 8.3).
"""

from __future__ import annotations

import dataclasses
import secrets

from cryptography import exceptions
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mesh.vault import facts

NONCE_BYTES = 12
TAG_BYTES = 16
SEGMENT_BYTES = 64 * 1024
_STREAM_ID_BYTES = 16
_VALUE = b"\x01"
_STREAM = b"\x02"
_HEADER_BYTES = len(_STREAM) + _STREAM_ID_BYTES
_SEALED_SEGMENT_BYTES = NONCE_BYTES + SEGMENT_BYTES + TAG_BYTES


def length_prefixed(*parts: str) -> bytes:
    """The parts as bytes that no other parts give."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


@dataclasses.dataclass(frozen=True, slots=True)
class Binding:
    """What a sealed thing belongs to."""

    subject: str
    purpose: str
    object_id: str
    version: int

    def encode(self) -> bytes:
        return length_prefixed("credpass.vault", self.subject, self.object_id, self.purpose, str(self.version))


def seal(key: bytes, binding: Binding, plaintext: bytes) -> bytes:
    """The plaintext sealed as one value."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return _VALUE + nonce + AESGCM(key).encrypt(nonce, plaintext, _VALUE + binding.encode())


def unseal(key: bytes, binding: Binding, sealed: bytes) -> bytes:
    """The plaintext. Raises SealBroken."""
    if sealed[:1] != _VALUE:
        raise facts.SealBroken
    return _decrypt(AESGCM(key), sealed[1:], _VALUE + binding.encode())


class StreamSealer:
    """Seals a stream piece by piece: `update` with each piece, `finish` once."""

    def __init__(self, key: bytes, binding: Binding) -> None:
        stream_id = secrets.token_bytes(_STREAM_ID_BYTES)
        self.header = _STREAM + stream_id
        self._cipher = AESGCM(key)
        self._bound = _stream_bound(binding, stream_id)
        self._waiting = bytearray()
        self._index = 0

    def update(self, piece: bytes) -> bytes:
        """Sealed segments that are complete and not the last; maybe none."""
        self._waiting += piece
        sealed = []
        # A full segment waits until more comes: only then it is known not to be the last.
        while len(self._waiting) > SEGMENT_BYTES:
            sealed.append(self._segment(bytes(self._waiting[:SEGMENT_BYTES]), last=False))
            del self._waiting[:SEGMENT_BYTES]
        return b"".join(sealed)

    def finish(self) -> bytes:
        """The last sealed segment."""
        return self._segment(bytes(self._waiting), last=True)

    def _segment(self, plaintext: bytes, *, last: bool) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext, self._bound + _place(self._index, last=last))
        self._index += 1
        return nonce + sealed


class StreamOpener:
    """Opens a stream piece by piece. What `update` gives is authentic; only `finish` tells that nothing is missing."""

    def __init__(self, key: bytes, binding: Binding) -> None:
        self._cipher = AESGCM(key)
        self._binding = binding
        self._bound: bytes | None = None
        self._waiting = bytearray()
        self._index = 0

    def update(self, piece: bytes) -> bytes:
        """Plaintext of segments that are complete and not the last; maybe none. Raises SealBroken."""
        self._waiting += piece
        if self._bound is None and not self._read_header():
            return b""
        opened = []
        while len(self._waiting) > _SEALED_SEGMENT_BYTES:
            opened.append(self._segment(bytes(self._waiting[:_SEALED_SEGMENT_BYTES]), last=False))
            del self._waiting[:_SEALED_SEGMENT_BYTES]
        return b"".join(opened)

    def finish(self) -> bytes:
        """Plaintext of the last segment. Raises SealBroken when the stream is cut."""
        return self._segment(bytes(self._waiting), last=True)

    def _read_header(self) -> bool:
        if len(self._waiting) < _HEADER_BYTES:
            return False
        if self._waiting[:1] != _STREAM:
            raise facts.SealBroken
        self._bound = _stream_bound(self._binding, bytes(self._waiting[1:_HEADER_BYTES]))
        del self._waiting[:_HEADER_BYTES]
        return True

    def _segment(self, sealed: bytes, *, last: bool) -> bytes:
        if self._bound is None:
            raise facts.SealBroken
        plaintext = _decrypt(self._cipher, sealed, self._bound + _place(self._index, last=last))
        self._index += 1
        return plaintext


def _stream_bound(binding: Binding, stream_id: bytes) -> bytes:
    return _STREAM + stream_id + binding.encode()


def _place(index: int, *, last: bool) -> bytes:
    return index.to_bytes(8, "big") + (b"\x01" if last else b"\x00")


def _decrypt(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except (exceptions.InvalidTag, ValueError):
        raise facts.SealBroken from None
