"""The spool as the log in front of the recorder (`services.log.Log`), and as the sink behind the gateway (`Sink`).

Both live in one process and one loop: what the gateway has made durable wakes the recorder at once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from schemas.errors import EvidenceError, SourceError
from services.gateway_sink import Message, Position, SinkError
from services.log import Bounds, Owner, Partition, Run
from services.log import Message as Found
from services.sources import BatchLimits
from services.spool import SOURCE, Spool
from services.topics import INPUTS, format_of

_log = logging.getLogger("ashiato.process")

BATCH_BYTES: Final = 16 << 20
"""What one answer holds at most, unless a single message is larger."""


class SpoolLog:
    """The topics of a spool, each with its one partition.

    Args:
        spool: an open spool; closed by whoever opened it.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._next: dict[Partition, int] = {}
        self._news = asyncio.Event()
        self.recorded: dict[str, int] = {}  # topic → the last offset that counts, as far as this process made it count

    def wake(self) -> None:
        """Say that there are new messages; called in the recorder's loop."""
        self._news.set()

    async def start(self, owner: Owner) -> None:
        """Assign everything: there is one recorder."""
        owner.assigned([_partition(topic) for topic in INPUTS])

    async def stop(self) -> None:
        """Do nothing: whoever opened the spool closes it."""

    async def bounds(self, partitions: Collection[Partition]) -> Mapping[Partition, Bounds]:
        """Return where topics begin and end; see `services.log.Log.bounds`."""
        return {one: Bounds(self._spool.begin(_topic(one)), self._spool.end(_topic(one))) for one in partitions}

    async def messages_at(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, Found | None]:
        """Return the message at an offset, by partition; see `services.log.Log.messages_at`."""
        return {one: self._message_at(_topic(one), offset) for one, offset in offsets.items()}

    async def compacted(self, partition: Partition) -> bool:  # noqa: ARG002
        """Return False: what the spool forgets it forgets from the beginning."""
        return False

    def go_on(self, partition: Partition, offset: int) -> None:
        """Read a topic from ``offset`` on."""
        self._next[partition] = offset

    async def poll(self, partitions: Sequence[Partition], *, seconds: float, rows: int) -> Mapping[Partition, Run]:
        """Return the next messages; see `services.log.Log.poll`."""
        self._news.clear()
        found = await asyncio.to_thread(self._read, partitions, rows)
        if not found:
            try:
                await asyncio.wait_for(self._news.wait(), seconds)
            except TimeoutError:
                return {}
            found = await asyncio.to_thread(self._read, partitions, rows)
        for partition, run in found.items():
            self._next[partition] = run.offsets[-1] + 1
        return found

    async def check(self) -> None:
        """Do nothing: the file stays open, so it is the one that `bounds` was asked of."""

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Note what is recorded: it may be erased from the spool in time."""
        self.recorded.update((_topic(one), offset - 1) for one, offset in offsets.items())

    def lag(self, partition: Partition, position: int) -> int | None:
        """Return how many messages are left; see `services.log.Log.lag`."""
        return max(self._spool.end(_topic(partition)) - position, 0)

    def trim(self, before: dt.datetime) -> int:
        """Erase what is recorded and was received before a time (UTC); return how many messages."""
        return sum(self._spool.trim(topic, offset, before) for topic, offset in dict(self.recorded).items())

    def _read(self, partitions: Sequence[Partition], rows: int) -> dict[Partition, Run]:
        found: dict[Partition, Run] = {}
        for one in partitions:
            if rows <= 0:
                break
            batch = self._batch(_topic(one), self._next[one], rows)
            if batch is not None:
                found[one] = batch
                rows -= len(batch)
        return found

    def _batch(self, topic: str, first: int, rows: int) -> Run | None:
        try:
            batch = self._spool.read(topic, first - 1 if first else None, BatchLimits(rows=rows, bytes=BATCH_BYTES))
        except SourceError as error:
            raise EvidenceError(error.what, where=error.where, why=error.why, todo=error.todo) from None
        return Run(batch.offsets, list(batch.messages)) if batch else None

    def _message_at(self, topic: str, offset: int) -> Found | None:
        batch = self._batch(topic, offset, 1)
        return Found(batch.offsets[0], batch.values[0]) if batch else None


class SpoolSink:
    """A spool as the gateway's sink; tells somebody of what is new.

    Args:
        spool: an open spool; closed by whoever opened it, after the recorder has ended.
        tell: called after messages have become durable.
    """

    def __init__(self, spool: Spool, tell: Callable[[], None]) -> None:
        self._spool = spool
        self._tell = tell

    async def start(self) -> None:
        """Do nothing: an open spool is ready."""

    async def close(self) -> None:
        """Do nothing: the recorder still reads."""

    async def append(self, messages: Sequence[Message]) -> list[Position]:
        """Make messages durable; see `services.spool.Spool.append`."""
        positions = await self._spool.append(messages)
        self._tell()
        return positions

    def problem(self) -> str:
        """Return why nothing can be written at present; empty if it can."""
        return self._spool.problem()


async def keep_short(log: SpoolLog, keep: dt.timedelta, now: Callable[[], dt.datetime], seconds: float = 60.0) -> None:
    """Erase what is recorded and older than ``keep`` from a spool every ``seconds``, until cancelled.

    A spool that cannot be written for now, on a full disk, is no reason to end: the next time will do.
    """
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(log.trim, now() - keep)
        except SinkError as error:
            _log.warning("what is recorded was not erased from the spool: %s", error)


def _partition(topic: str) -> Partition:
    return Partition(f"{SOURCE}{topic}", 0, format_of(topic))


def _topic(partition: Partition) -> str:
    return partition.source.removeprefix(SOURCE)
