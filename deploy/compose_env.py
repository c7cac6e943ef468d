"""`python3 deploy/compose_env.py [FILE]` writes `.env` for compose.yaml: a fresh secret for each variable it demands.

It stands on the standard library alone, so that whoever has Docker needs nothing else. A file that is there is never
touched: its secrets are the only way to the data in the volumes.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

FILE = Path(__file__).parents[1] / ".env"
PASSWORD_BYTES = 24
# AES-256.
KEY_BYTES = 32
# Hexadecimal all of them: nothing in them means anything to URLs, YAML, JAAS or a shell.
SIZES_BYTES = {
    "MONGO_ROOT_PASSWORD": PASSWORD_BYTES,
    "MONGO_PASSWORD": PASSWORD_BYTES,
    "MONGO_KEYFILE": 64,
    "REDIS_PASSWORD": PASSWORD_BYTES,
    "KAFKA_PASSWORD": PASSWORD_BYTES,
    "S3_SECRET_KEY": PASSWORD_BYTES,
    "KMS_KEY": KEY_BYTES,
}
HEADER = """\
# Secrets of the system in compose.yaml. Keep this file: without KMS_KEY nothing that was sealed can be opened again,
# and the passwords of MongoDB were set when its volume was made.
"""


def text() -> str:
    """The content of a new file."""
    return HEADER + "".join(f"{name}={secrets.token_hex(size)}\n" for name, size in SIZES_BYTES.items())


def write(file: Path) -> None:
    """Make the file, readable by its owner only. Raises FileExistsError where there is one."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text())


def main(arguments: list[str]) -> int:
    """The exit status."""
    file = Path(arguments[0]) if arguments else FILE
    try:
        write(file)
    except OSError as trouble:
        hint = "; it is left as it is" if isinstance(trouble, FileExistsError) else ""
        print(f"{file}: {trouble.strerror}{hint}", file=sys.stderr)
        return 1
    print(f"{file}: written; keep it as long as the data")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
