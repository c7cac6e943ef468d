"""The verbs of the audit service: append, verify, list, prune."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from services.audit.domain import chain, records
from services.audit.errors import TrailBroken, TrailMoved
from services.audit.ports import Checkpoint, Clock, Concealer, Head, Search, Signer, Trail

HEAD_PURPOSE = "audit-head"
CHECKPOINT_PURPOSE = "audit-checkpoint"
APPEND_ATTEMPTS = 20
VERIFY_ATTEMPTS = 3
PAGE = 1_000
PRUNE_BATCH = 200
PRUNE_BATCHES = 50


class AppendEvents:
    """Writes down what happened, once each however often it is told, in one chain however many write.

    The head takes the batch whole, in one atomic write; then the records are put in their place. Whoever comes next,
    after a crash too, puts the same records there before going on. So the chain never forks and no backend needs a
    transaction over documents.
    """

    def __init__(self, trail: Trail, signer: Signer, concealer: Concealer) -> None:
        self._trail, self._signer, self._concealer = trail, signer, concealer
        # The head that this process wrote last: while nobody else writes, it need not be read again.
        self._head: Head | None = None

    async def __call__(self, happenings: Sequence[records.Happening]) -> None:
        """Durable when it returns. Raises TrailMoved when others were quicker too often, and TrailBroken."""
        told = {happening.event_id: records.describe(happening) for happening in happenings}
        facts = {event_id: await self._concealer.conceal(one) for event_id, one in told.items()}
        for _ in range(APPEND_ATTEMPTS):
            try:
                await self._append(facts)
            except TrailMoved:
                self._head = None
            else:
                return
        raise TrailMoved

    async def _append(self, facts: dict[str, records.Facts]) -> None:
        head, self._head = self._head or await self._placed_head(), None
        known = await self._trail.known(list(facts))
        batch = chain.extend(head.end, (one for event_id, one in facts.items() if event_id not in known))
        if batch:
            end = chain.End(batch[-1].sequence, batch[-1].hash)
            signature = await self._signer.sign(HEAD_PURPOSE, chain.seal_text(end))
            head = await self._trail.move_head(Head(head.version, head.end, tuple(batch), end, signature))
            await self._trail.place(batch)
        self._head = head

    async def _placed_head(self) -> Head:
        """The head as it stands, with its batch in its place."""
        head = await self._trail.head()
        if head.version and not await _is_signed(self._signer, HEAD_PURPOSE, head.end, head.signature):
            raise TrailBroken
        await self._trail.place(head.batch)
        return head


async def _is_signed(signer: Signer, purpose: str, end: chain.End, signature: str) -> bool:
    return hmac.compare_digest(await signer.sign(purpose, chain.seal_text(end)), signature)


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What a walk over the trail found. `last_hash` is empty for an empty trail."""

    record_count: int
    last_hash: str
    defects: tuple[chain.Defect, ...]

    @property
    def intact(self) -> bool:
        return not self.defects


class VerifyTrail:
    """Walks the chain from the last checkpoint to the sealed end and finds what does not fit."""

    def __init__(self, trail: Trail, signer: Signer) -> None:
        self._trail, self._signer = trail, signer

    async def __call__(self) -> Report:
        for _ in range(VERIFY_ATTEMPTS):
            checkpoint = await self._trail.checkpoint()
            report = await self._walk(checkpoint)
            # Pruning under way takes records that the walk then misses: what stands is what the newer checkpoint says.
            if report.intact or (await self._trail.checkpoint()).version == checkpoint.version:
                break
        return report

    async def _walk(self, checkpoint: Checkpoint) -> Report:
        head = await self._trail.head()
        walk = chain.Walk(checkpoint.end, head.end)
        async for record in self._records(checkpoint.end, head):
            walk.feed(record)
        walk.finish()
        walk.settle(await self._trail.present(walk.suspects) if walk.suspects else [])
        defects = [*walk.defects, *await self._unsealed(checkpoint, head)]
        last_hash = head.end.hash if head.end.sequence else ""
        return Report(walk.count, last_hash, tuple(defects[: chain.DEFECT_LIMIT]))

    async def _records(self, start: chain.End, head: Head) -> AsyncIterator[chain.Record]:
        """Records in order; those of the last batch that are not in their place yet come from the head."""
        after = start.sequence
        while page := await self._trail.page(after, head.start.sequence, PAGE):
            for record in page:
                yield record
            after = page[-1].sequence
        last = [record for record in head.batch if record.sequence > start.sequence]
        placed = await self._trail.page(after, head.end.sequence, PAGE) if last else []
        by_sequence = {record.sequence: record for record in placed}
        for record in last:
            yield by_sequence.get(record.sequence, record)

    async def _unsealed(self, checkpoint: Checkpoint, head: Head) -> list[chain.Defect]:
        """Ends whose signature is wrong, and records that nobody sealed."""
        defects = []
        for purpose, version, end, signature in (
            (CHECKPOINT_PURPOSE, checkpoint.version, checkpoint.end, checkpoint.signature),
            (HEAD_PURPOSE, head.version, head.end, head.signature),
        ):
            if version and not await _is_signed(self._signer, purpose, end, signature):
                defects.append(chain.Defect(end.sequence, "changed"))
        last = await self._trail.last_sequence()
        sealed = max((await self._trail.head()).end.sequence, checkpoint.end.sequence)
        return [*defects, *([chain.Defect(sealed + 1, "changed")] if last > sealed else [])]


class ListRecords:
    """Records by actor, resource or correlation id, newest first."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    async def __call__(self, search: Search) -> list[chain.Record]:
        return await self._trail.search(search)


class PruneTrail:
    """Removes records from the old end once they are past retention, leaving a signed checkpoint in their stead."""

    def __init__(self, trail: Trail, signer: Signer, clock: Clock, retention: timedelta) -> None:
        self._trail, self._signer, self._clock, self._retention = trail, signer, clock, retention

    async def __call__(self) -> None:
        """At most PRUNE_BATCHES times PRUNE_BATCH records a run."""
        for _ in range(PRUNE_BATCHES):
            if await self._prune() < PRUNE_BATCH:
                return

    async def _prune(self) -> int:
        head, checkpoint = await self._trail.head(), await self._trail.checkpoint()
        # What a crash left between a checkpoint and the removal goes first.
        await self._trail.remove(await self._trail.page(0, checkpoint.end.sequence, PRUNE_BATCH))
        page = await self._trail.page(checkpoint.end.sequence, head.start.sequence, PRUNE_BATCH)
        old = self._old(page)
        if old:
            end = chain.End(old[-1].sequence, old[-1].hash)
            self._check(checkpoint.end, old, end)
            signature = await self._signer.sign(CHECKPOINT_PURPOSE, chain.seal_text(end))
            await self._trail.move_checkpoint(Checkpoint(checkpoint.version, end, signature))
            await self._trail.remove(old)
        return len(old)

    def _check(self, start: chain.End, old: Sequence[chain.Record], end: chain.End) -> None:
        """A checkpoint must not cover up a defect. Raises TrailBroken."""
        walk = chain.Walk(start, end)
        for record in old:
            walk.feed(record)
        walk.finish()
        if walk.defects or walk.suspects:
            raise TrailBroken

    def _old(self, page: Sequence[chain.Record]) -> list[chain.Record]:
        """The records from the front that are past retention; the first younger one ends them."""
        before = self._clock.now() - self._retention
        old: list[chain.Record] = []
        for record in page:
            if record.facts.timestamp >= before:
                break
            old.append(record)
        return old
