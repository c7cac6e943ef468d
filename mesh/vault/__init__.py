"""Envelope encryption (design section 7): a data key for each subject, wrapped by a key-encryption key.

Everything sealed is bound to its subject, purpose, object and version. Destroying a subject's key makes all of it
unreadable at once, in every process, and a tombstone keeps a replay from giving the subject a new key.
"""

from __future__ import annotations

from mesh.vault.facts import SealBroken, SubjectDestroyed, SubjectUnknown
from mesh.vault.kek import FileKeys, KeyEncryptionKey, WrappedKey
from mesh.vault.rotation import Progress
from mesh.vault.subjects import COLLECTION, SYSTEM_PREFIX
from mesh.vault.vault import Sealed, Vault, open_vault

__all__ = [
    "COLLECTION",
    "SYSTEM_PREFIX",
    "FileKeys",
    "KeyEncryptionKey",
    "Progress",
    "SealBroken",
    "Sealed",
    "SubjectDestroyed",
    "SubjectUnknown",
    "Vault",
    "WrappedKey",
    "open_vault",
]
