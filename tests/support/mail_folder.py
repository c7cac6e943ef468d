"""A handler for aiosmtpd that keeps mails as the file backend does, so that `mail.read_mailbox` reads them.

`python -m aiosmtpd -n -l HOST:PORT -c tests.support.mail_folder.MailFolder FOLDER`
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from typing import Any, Self


class MailFolder:
    """Each mail as one `.eml` file whose name sorts by time."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @classmethod
    def from_cli(cls, parser: argparse.ArgumentParser, *arguments: str) -> Self:
        """From the words behind `-c`."""
        if len(arguments) != 1:
            parser.error("one folder, please")
        return cls(Path(arguments[0]))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        unfinished = self._folder / f"{time.time_ns():020}_{next(self._numbers):06}.tmp"
        unfinished.write_bytes(envelope.content)
        unfinished.rename(unfinished.with_suffix(".eml"))
        return "250 OK"
