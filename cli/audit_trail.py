"""`credpass check-audit`: walks the audit trail on its store, whether or not the system runs."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console

from mesh import backends
from mesh import settings as mesh_settings
from services.audit import bootstrap

SHOWN_DEFECTS = 20


async def check(environ: Mapping[str, str], console: Console) -> bool:
    """Print what the walk found; whether every record stands where and as it was written.

    Raises:
        mesh.settings.SettingsError, mesh.errors.Unavailable: the stores cannot be opened.
    """
    settings = mesh_settings.Settings.load(environ)
    if not settings.data.is_dir():
        raise mesh_settings.SettingsError(f"CREDPASS_DATA: there is no folder {settings.data}")
    async with backends.open_backends(settings) as opened:
        report = await bootstrap.check_trail(opened)
    if report.intact:
        console.print(
            f"intact: {report.record_count:,} records, last hash {report.last_hash or 'none'}", soft_wrap=True
        )
        return True
    console.print(f"NOT intact: {len(report.defects)} defects in {report.record_count:,} records")
    for defect in report.defects[:SHOWN_DEFECTS]:
        console.print(f"  record {defect.sequence}: {defect.kind}")
    return False
