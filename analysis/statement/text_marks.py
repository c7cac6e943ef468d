"""Characters that are in a text and show nothing: marks of writing direction, joiners, byte order marks inside."""

from __future__ import annotations

INVISIBLE = (0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
REMOVED: dict[int, str | int | None] = dict.fromkeys(INVISIBLE)
