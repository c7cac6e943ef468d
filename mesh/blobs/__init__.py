"""Blobs: bytes by key, too large for a document. What `put` acknowledges is durable, down to the disk."""

from __future__ import annotations

from mesh.blobs.opening import open_blobs
from mesh.blobs.port import LIST_LIMIT, VARIABLE, BlobMissing, Blobs

__all__ = ["LIST_LIMIT", "VARIABLE", "BlobMissing", "Blobs", "open_blobs"]
