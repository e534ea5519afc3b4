"""Recording: the one step from messages to evidence that counts, shared by files, Kafka and the spool.

    decode    messages → columns                                                         (pure, in a worker thread)
    prepare   columns → records, findings, and the range that will vouch for them        (pure, in another one)
    commit    1 rows to the store  2 what follows is told to others  3 the range rows    (in this order, always)

Whoever reads a log commits its position after that. A crash anywhere leaves rows that nobody sees, or messages that are
told twice; the next attempt has range ids of its own. So has every retry: rows of which it is not known whether they
were written are never vouched for.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import polars as pl

from schemas.errors import LogAwayError, StoreAwayError
from schemas.records import Range
from services.observer import Observer
from services.store import Store
from streams.batch import Decoded, RawBatch, Recorded
from streams.outgoing import Outgoing, outgoing
from streams.pipeline import Context, judge_all
from streams.resume import messages_hmac
from streams.tables import range_row, rows_of

Result = TypeVar("Result")
Publish = Callable[[Sequence[Outgoing]], Awaitable[None]]
"""Tells messages to others and returns when they are durable there."""

RANGES: Final = "range_rows"
FIRST_WAIT: Final = 0.25
LONGEST_WAIT: Final = 30.0
"""Seconds between attempts while store or log are away; each wait is twice the one before."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One batch on its way to the store."""

    recorded: Recorded
    range: Range


def messages_in(batch: RawBatch) -> int:
    """Return how many messages a batch holds, oversized ones included."""
    return len(batch.offsets) + len(batch.oversize)


def range_of(batch: RawBatch, recorded: Recorded, context: Context, *, name: str, now: dt.datetime) -> Range:
    """Return the range that vouches for a batch.

    Args:
        batch: the messages.
        recorded: their evidence.
        context: what they were judged with.
        name: id of the range.
        now: time of recording, UTC.
    """
    keys, messages = context.keys, messages_in(batch)
    dead_letters = len(recorded.dead_letters)
    return Range(
        id=name,
        source=batch.source,
        partition=batch.partition,
        first=batch.first,
        last=batch.last,
        messages=messages,
        skipped=batch.last - batch.first + 1 - messages,
        events=len(recorded.evidence) - dead_letters,
        dead_letters=dead_letters,
        findings=len(recorded.findings),
        merkle_root=recorded.merkle_root.hex(),
        messages_hmac=messages_hmac(recorded.messages_sha256, keys),
        last_message_hmac=messages_hmac(recorded.last_message_sha256, keys),
        salt_key_id=keys.salt_key_id,
        recorded_at=now,
        **context.versions.model_dump(),
    )


class Recording:
    """Records batches of any log into a store.

    Args:
        store: an open store.
        context: gives what to judge with; asked once a batch, so that it may be exchanged between batches.
        publish: tells what follows to others.
        now: the clock, UTC.
        new_id: names ranges; rising with time, so that of two attempts the earlier one counts.
        observer: is told how long each stage took, and of retries.
        checkpoint: is called with the name of each point between two steps; tests end the process there.
    """

    def __init__(
        self,
        store: Store,
        context: Callable[[], Context],
        publish: Publish,
        *,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], str],
        observer: Observer | None = None,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.store = store
        self.context = context
        self._publish = publish
        self.now = now
        self.new_id = new_id
        self._observer = observer or Observer()
        self._checkpoint = checkpoint
        # One thread: the store's client of that thread stays open, and inserts keep their order.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    def prepare(self, batches: Sequence[RawBatch], decoded: Sequence[Decoded]) -> list[Prepared]:
        """Return the evidence and the range of each batch; nothing is written. Safe to call in any one thread.

        Args:
            batches: the messages.
            decoded: what `streams.decode.decode_all` made of them.
        """
        context = self.context()
        return [
            Prepared(recorded, range_of(batch, recorded, context, name=self.new_id(), now=self.now()))
            for batch, recorded in zip(batches, judge_all(batches, decoded, context), strict=True)
        ]

    async def commit(self, prepared: Sequence[Prepared], *, wanted: Callable[[], bool] = lambda: True) -> bool:
        """Make batches count: one write for all of them, a range row for each.

        While store or log are away it waits and tries again.

        Args:
            prepared: batches of different partitions, or of one in order.
            wanted: asked between the steps; once it says no, nothing more is done.

        Returns:
            Whether the batches count now.

        Raises:
            StoreError: the store refuses them for good.
            LogError: what follows cannot be told, for good.
        """
        counted = await self._rows(prepared, wanted)
        if counted is None:
            return False
        self._checkpoint("rows")
        out = await self.in_store_thread(_outgoing, counted)
        if out and not await self._insist("publish", lambda: self._publish(out), wanted):
            return False
        self._checkpoint("acknowledged")
        if not await self._insist("ranges", lambda: self.in_store_thread(self._insert_ranges, counted), wanted):
            return False
        self._checkpoint("ranges")
        return True

    async def in_store_thread(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Run a function of the store in the thread that talks to it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def close(self) -> None:
        """Let the thread go once it has finished what it does: a store must not be closed under an insert."""
        self._thread.shutdown(cancel_futures=True)

    async def _rows(self, prepared: Sequence[Prepared], wanted: Callable[[], bool]) -> Sequence[Prepared] | None:
        """Write all rows but the ranges'; return the batches under the range ids that the rows now have."""
        attempt = prepared

        async def write() -> None:
            nonlocal attempt
            try:
                await self.in_store_thread(self._insert_rows, attempt)
            except StoreAwayError:
                attempt = [self._renamed(one) for one in attempt]
                raise

        return attempt if await self._insist("rows", write, wanted) else None

    def _renamed(self, one: Prepared) -> Prepared:
        """Return a batch under a new range id: some of the rows under the old one may be in the store."""
        renamed = one.range.model_copy(update={"id": self.new_id(), "recorded_at": self.now()})
        return replace(one, range=renamed)

    def _insert_rows(self, prepared: Sequence[Prepared]) -> None:
        """Insert what ranges vouch for: one insert a table for all batches."""
        self.store.insert_all(rows_of([(one.recorded, one.range) for one in prepared]))

    def _insert_ranges(self, prepared: Sequence[Prepared]) -> None:
        self.store.insert(RANGES, pl.concat(range_row(one.range) for one in prepared))

    async def _insist(self, stage: str, step: Callable[[], Awaitable[None]], wanted: Callable[[], bool]) -> bool:
        """Take a step, again and again while what it needs is away; return False once it is not wanted any more."""
        wait = FIRST_WAIT
        while wanted():
            try:
                with self._observer.timed(stage):
                    await step()
            except (StoreAwayError, LogAwayError) as error:
                self._observer.retried(stage, error, wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                return True
        return False


def _outgoing(prepared: Sequence[Prepared]) -> list[Outgoing]:
    return list(outgoing([(one.recorded, one.range) for one in prepared]))
