"""Resuming: where a recorder goes on, and whether the log still is the one that was recorded.

The position comes from the ranges in the store. The last recorded message is read again and compared: a topic that was
made anew, truncated or emptied does not pass for the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.errors import EvidenceError, Place
from schemas.records import Range
from services.log import NEW_GENERATION, Bounds, Log, Message, Partition
from services.store import Store, statement
from streams.commit import Keys
from streams.resume import is_last_message

_LOST: Final = (
    "find out how long the recorder stood still, and whether the messages exist elsewhere; if they are lost, say so "
    "with `ashiato topics lost`, which is recorded, and start again"
)


def last_range(store: Store, partition: Partition) -> Range | None:
    """Return the range that a partition ends with; None if nothing of it is recorded.

    Raises:
        StoreError: the store cannot be read.
    """
    rows = store.rows(statement("last_range"), {"source": partition.source, "partition": partition.number})
    return Range(**rows[0]) if rows else None


async def positions(log: Log, ends: Mapping[Partition, Range | None], keys: Keys) -> dict[Partition, int]:
    """Return the offset to go on at, by partition: behind what is recorded, or the beginning.

    Args:
        log: the log.
        ends: the last range of each partition, if there is one.
        keys: ranges hold keyed digests.

    Raises:
        EvidenceError: the log is not the one that was recorded, or messages are gone that never were.
        LogError: the log cannot be read.
    """
    bounds = await log.bounds(ends.keys())
    recorded = {partition: of for partition, of in ends.items() if of is not None}
    for partition, of in recorded.items():
        _check_bounds(partition, of, bounds[partition])
    again = {p: of.last for p, of in recorded.items() if of.messages and of.last >= bounds[p].begin}
    messages = await log.messages_at(again) if again else {}
    for partition, message in messages.items():
        if message is None or message.offset != recorded[partition].last:
            await _check_missing(log, partition, recorded[partition])
        else:
            _check_message(partition, recorded[partition], message, keys)
    return {partition: of.last + 1 if of else bounds[partition].begin for partition, of in ends.items()}


def _check_bounds(partition: Partition, of: Range, bounds: Bounds) -> None:
    where = Place(str(partition), position=of.last)
    if bounds.end <= of.last:
        raise EvidenceError(
            "the log ends before what was recorded of it", where=where,
            why=f"it ends at {bounds.end:,}, and {of.last:,} is recorded: it was made anew or truncated",
            todo=NEW_GENERATION,
        )  # fmt: skip
    if bounds.begin > of.last + 1:
        raise EvidenceError(
            "messages are gone that were never recorded", where=where,
            why=f"the log begins at {bounds.begin:,} now, and recording has to go on at {of.last + 1:,}", todo=_LOST,
        )  # fmt: skip


async def _check_missing(log: Log, partition: Partition, of: Range) -> None:
    """Let a message be missing only where the log is one that forgets what has been overwritten."""
    if await log.compacted(partition):
        return
    raise EvidenceError(
        "the last recorded message is no longer in the log", where=Place(str(partition), position=of.last),
        why="it was made anew, though it is as long as before", todo=NEW_GENERATION,
    )  # fmt: skip


def _check_message(partition: Partition, of: Range, message: Message, keys: Keys) -> None:
    if not is_last_message(message.value or b"", of, keys):
        raise EvidenceError(
            "the log holds another message where the last recorded one was",
            where=Place(str(partition), position=of.last),
            why="it was made anew, or restored from elsewhere", todo=NEW_GENERATION,
        )  # fmt: skip
