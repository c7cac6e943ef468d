"""Blobs by URL."""

from __future__ import annotations

from pathlib import Path

from mesh import urls
from mesh.blobs import files, port


def open_blobs(url: str, data: Path) -> port.Blobs:
    """The store at `file:blobs` (a folder under `data`) or `s3://bucket/prefix?region=...` (nothing is connected yet).

    Raises:
        mesh.settings.SettingsError: the URL is wrong; the message names CREDPASS_BLOBS_URL.
    """
    scheme = urls.scheme(url)
    if scheme == "file":
        return files.FileBlobs(urls.folder(port.VARIABLE, url, data))
    if scheme == "s3":
        from mesh.blobs import s3

        return s3.open_bucket(url, data)
    raise urls.unknown(port.VARIABLE, url, "file", "s3")
