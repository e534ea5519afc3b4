"""A log in memory: what Kafka does to a recorder, without Kafka, at the instant that a test wants it."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence

from schemas.errors import EvidenceError, LogAwayError
from services.log import Bounds, Message, Owner, Partition, Run


def partition(number: int = 0, source: str = "kafka:events") -> Partition:
    """Return a partition of our own format."""
    return Partition(source, number, "native")


class MemoryLog:
    """Partitions as lists of messages, shared by several readers.

    Attributes:
        messages: by partition, in order; offsets may have gaps.
        begins: the first offset that is still there, where that is not the first message's.
        compacts: partitions that forget what is overwritten.
    """

    def __init__(self, messages: Mapping[Partition, Iterable[bytes | None]]) -> None:
        self.messages = {one: [Message(i, value) for i, value in enumerate(values)] for one, values in messages.items()}
        self.begins: dict[Partition, int] = {}
        self.compacts: set[Partition] = set()

    def append(self, one: Partition, *values: bytes | None, at: int | None = None) -> None:
        """Add messages behind the last, or at an offset."""
        kept = self.messages.setdefault(one, [])
        begin = at if at is not None else self.end(one)
        kept.extend(Message(begin + i, value) for i, value in enumerate(values))

    def end(self, one: Partition) -> int:
        """Return the offset behind the last message."""
        kept = self.messages[one]
        return kept[-1].offset + 1 if kept else self.begins.get(one, 0)


class Reader:
    """One reader of a shared log (`services.log.Log`).

    Args:
        log: what is read.
        partitions: assigned at the start; all of them if not given.

    Attributes:
        handed_out: messages that it has given to its owner.
        hints: what was committed.
        away: while it is set, nothing can be asked.
        made_anew: what is read is said to come from another log.
    """

    def __init__(self, log: MemoryLog, partitions: Collection[Partition] | None = None) -> None:
        self.log = log
        self._first = log.messages.keys() if partitions is None else partitions
        self._owner: Owner | None = None
        self.positions: dict[Partition, int] = {}
        self.hints: dict[Partition, int] = {}
        self.handed_out = 0
        self.away = False
        self.made_anew = False
        self.left = False

    async def start(self, owner: Owner) -> None:
        self._answer()
        self._owner = owner
        owner.assigned(list(self._first))

    async def stop(self) -> None:
        self.left = True

    async def move(self, partitions: Collection[Partition]) -> None:
        """Take everything away, then assign ``partitions``: what a rebalance does."""
        assert self._owner
        await self._owner.revoked()
        self.positions.clear()
        self._owner.assigned(list(partitions))

    async def bounds(self, partitions: Collection[Partition]) -> Mapping[Partition, Bounds]:
        self._answer()
        return {one: Bounds(self._begin(one), self.log.end(one)) for one in partitions}

    async def messages_at(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, Message | None]:
        self._answer()
        return {one: next(iter(self._from(one, offset)), None) for one, offset in offsets.items()}

    async def compacted(self, one: Partition) -> bool:
        return one in self.log.compacts

    def go_on(self, one: Partition, offset: int) -> None:
        self.positions[one] = offset

    async def poll(self, partitions: Sequence[Partition], *, seconds: float, rows: int) -> Mapping[Partition, Run]:
        found: dict[Partition, Run] = {}
        for one in partitions:
            messages = self._from(one, self.positions[one])[:rows] if one in self.positions else []
            if messages:
                rows -= len(messages)
                self.positions[one] = messages[-1].offset + 1
                found[one] = Run([m.offset for m in messages], [m.value for m in messages])
        self.handed_out += sum(map(len, found.values()))
        await asyncio.sleep(0 if found else min(seconds, 0.01))
        return found

    async def check(self) -> None:
        self._answer()
        if self.made_anew:
            raise EvidenceError("another log has its name now")

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        self.hints |= offsets

    def lag(self, one: Partition, position: int) -> int | None:
        return self.log.end(one) - position

    def _answer(self) -> None:
        if self.away:
            raise LogAwayError("the log is away")

    def _begin(self, one: Partition) -> int:
        kept = self.log.messages[one]
        return self.log.begins.get(one, kept[0].offset if kept else 0)

    def _from(self, one: Partition, offset: int) -> list[Message]:
        kept = self.log.messages[one]
        return kept[bisect_left(kept, offset, key=lambda m: m.offset) :]
