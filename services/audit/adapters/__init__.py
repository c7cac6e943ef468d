"""What the audit service stands on: documents and the vault."""

from __future__ import annotations

from services.audit.adapters.documents import COLLECTIONS, DocumentTrail
from services.audit.adapters.vault import VaultConcealer, VaultSigner

__all__ = ["COLLECTIONS", "DocumentTrail", "VaultConcealer", "VaultSigner"]
