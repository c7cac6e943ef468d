"""A process of its own that makes subjects, seals and opens until its standard input closes; it prints how often.

Any failure ends it with a traceback and a non-zero status. Arguments: keys' URL, data folder, file of the documents.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from mesh import clock, vault
from mesh.documents import sqlite

_LIMIT = 100_000
_KEPT = 20


async def work(url: str, data: Path, file: Path, stopped: threading.Event) -> int:
    """Rounds of a new subject, a seal for it, and an opening for each of the last subjects."""
    documents = await sqlite.open_file(file, clock.SystemClock())
    safe = await vault.open_vault(url, data, documents)
    kept: list[vault.Sealed] = []
    for number in range(_LIMIT):
        subject = f"user_worker_{number}"
        await safe.create_subject(subject)
        sealed = await safe.seal(subject, purpose="p", object_id="o", version=1, plaintext=subject.encode())
        kept = [*kept[-_KEPT:], vault.Sealed(subject, "p", "o", 1, sealed)]
        opened = await safe.open_many(kept)
        if opened != [item.subject.encode() for item in kept]:
            raise SystemExit(f"opened {opened}")
        if number == 0:
            _say("begun")
        if stopped.is_set():
            break
    await safe.close()
    await documents.close()
    return number


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    stopped = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stopped.set()

    threading.Thread(target=wait, daemon=True).start()
    _say(asyncio.run(work(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), stopped)))


if __name__ == "__main__":
    main()
