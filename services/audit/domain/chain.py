"""How records hold together: each one's hash covers what it says and the hash of the one before."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC

from services.audit.domain.records import Facts

GENESIS = "0" * 64
DEFECT_LIMIT = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """Facts at their place in the chain, from 1."""

    sequence: int
    facts: Facts
    previous_hash: str
    hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends: the last record's sequence and hash."""

    sequence: int = 0
    hash: str = GENESIS


@dataclasses.dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong at a place of the chain. `kind`: changed, missing or reordered."""

    sequence: int
    kind: str


def seal_text(end: End) -> str:
    """What is signed about an end: count and last hash."""
    return f"{end.sequence}:{end.hash}"


def extend(end: End, facts: Iterable[Facts]) -> list[Record]:
    """Records for facts, in order, after `end`."""
    records: list[Record] = []
    sequence, previous = end.sequence, end.hash
    for one in facts:
        sequence += 1
        digest = hash_of(previous, one)
        records.append(Record(sequence, one, previous, digest))
        previous = digest
    return records


def hash_of(previous_hash: str, facts: Facts) -> str:
    """Hex SHA-256 over the previous hash and the facts' canonical JSON (sorted keys, no blanks, UTF-8)."""
    named = {field: getattr(facts, field) for field in FIELDS}
    named["timestamp"] = facts.timestamp.astimezone(UTC).isoformat(timespec="milliseconds")
    named["details"] = dict(facts.details)
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(bytes.fromhex(previous_hash) + canonical.encode()).hexdigest()


FIELDS = tuple(field.name for field in dataclasses.fields(Facts))


class Walk:
    """Follows a chain from `start` to `end` and notes what does not fit. Feed it records in order of their sequence.

    A record whose hash does not cover what it says was changed. One that does not follow the record before stands in
    the wrong place if the record that it follows is elsewhere in the trail, else that one is missing: `settle` tells
    the two apart.
    """

    def __init__(self, start: End, end: End) -> None:
        self.count = 0
        self.defects: list[Defect] = []
        self._at, self._end = start, end
        self._after_gap = False
        self._broken_links: dict[str, int] = {}

    def feed(self, record: Record) -> None:
        self.count += 1
        self._gap(record.sequence)
        if not _is_hex_hash(record.previous_hash) or hash_of(record.previous_hash, record.facts) != record.hash:
            self._note(record.sequence, "changed")
        elif record.previous_hash != self._at.hash and not self._after_gap:
            self._broken_links.setdefault(record.previous_hash, record.sequence)
        self._at, self._after_gap = End(record.sequence, record.hash), False

    def finish(self) -> None:
        """No more records: the chain must have come to its sealed end."""
        self._gap(self._end.sequence + 1)
        if self._at.sequence > self._end.sequence or (not self._after_gap and self._at.hash != self._end.hash):
            self._note(self._at.sequence, "changed")

    @property
    def suspects(self) -> frozenset[str]:
        """Hashes of the records that those in the wrong place follow: are they anywhere in the trail?"""
        return frozenset(self._broken_links)

    def settle(self, present: Sequence[str]) -> None:
        """`present`: those of the suspects that are somewhere in the trail."""
        for suspect, sequence in self._broken_links.items():
            self._note(sequence, "reordered" if suspect in present else "missing")
        self.defects.sort(key=lambda defect: defect.sequence)

    def _gap(self, sequence: int) -> None:
        for missing in range(self._at.sequence + 1, min(sequence, self._at.sequence + 1 + DEFECT_LIMIT)):
            self._note(missing, "missing")
            self._after_gap = True

    def _note(self, sequence: int, kind: str) -> None:
        if len(self.defects) < DEFECT_LIMIT:
            self.defects.append(Defect(sequence, kind))


def _is_hex_hash(text: str) -> bool:
    return len(text) == len(GENESIS) and set(text) <= set("0123456789abcdef")
