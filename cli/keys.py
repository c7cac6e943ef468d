"""`credpass keys rotate`: a new key-encryption key, and every data key wrapped anew while the system runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from rich.console import Console

from mesh import clock, documents, vault
from mesh import settings as mesh_settings


async def rotate(environ: Mapping[str, str], to: str, console: Console) -> bool:
    """Rotate to a new key (`to` names it where keys are made elsewhere), printing counts; whether no key was left out.

    Raises:
        mesh.settings.SettingsError, mesh.errors.Unavailable: it cannot begin or go on; run it again to go on.
    """
    settings, now = mesh_settings.Settings.load(environ), clock.SystemClock()
    if not settings.data.is_dir():
        raise mesh_settings.SettingsError(f"CREDPASS_DATA: there is no folder {settings.data}")
    async with contextlib.AsyncExitStack() as stack:
        stored = await documents.open_documents(settings.documents_url, settings.data, now)
        stack.push_async_callback(stored.close)
        keys = await vault.open_vault(settings.keys_url, settings.data, stored, now)
        stack.push_async_callback(keys.close)
        done = await keys.rotate(to, lambda progress: console.print(f"  {progress.rewrapped:,} data keys rewrapped"))
    _show(done, console)
    return not done.left


def _show(done: vault.Progress, console: Console) -> None:
    begun = "New key" if done.made else "No new key; finished what was left under another than"
    console.print(f"{begun} {done.kek_id}", soft_wrap=True)
    console.print(f"Data keys rewrapped: {done.rewrapped:,}, removed as destroyed: {done.destroyed:,}")
    if done.left:
        console.print(
            f"NOT rewrapped: {done.left:,} data keys, which open under no key that is left. Keep the old keys."
        )
    else:
        console.print("Nothing refers to an older key any more.")
