"""Lost: when a person says that positions will never be recorded, because their messages are gone.

The range says so for good: it has no messages, and every offset in it is skipped. Who said so, and why, is an act.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from schemas.errors import Place, UsageError
from schemas.records import Range
from services.log import Partition
from services.resuming import last_range
from services.store import Store
from streams import merkle
from streams.pipeline import Context
from streams.resume import messages_hmac


def lost_range(
    store: Store, context: Context, partition: Partition, through: int, *, begin: int, now: dt.datetime, name: str
) -> Range:
    """Return the range that stands for lost positions, from behind what is recorded up to ``through``.

    Args:
        store: knows what is recorded.
        context: keys and versions, as every range has them.
        partition: of which they were.
        through: the last lost offset.
        begin: the first offset that the log still has, or would have: what lies there is not lost.
        now: UTC.
        name: id of the range.

    Raises:
        UsageError: ``through`` is recorded already, or still to be had.
        StoreError: the store cannot be read.
    """
    end = last_range(store, partition)
    first = end.last + 1 if end else 0
    if through < first:
        raise UsageError(
            "nothing of this is lost", where=Place(str(partition), position=through),
            why=f"everything before {first:,} is recorded", todo="name the last offset that is gone",
        )  # fmt: skip
    if through >= begin:
        raise UsageError(
            "these messages are not gone", where=Place(str(partition), position=through),
            why=f"the log has what it has from {begin:,} on, and a recorder can record it",
            todo="name the last offset before that",
        )  # fmt: skip
    nothing = messages_hmac(hashlib.sha256(b"").digest(), context.keys)
    return Range(
        id=name,
        source=partition.source,
        partition=partition.number,
        first=first,
        last=through,
        messages=0,
        skipped=through - first + 1,
        events=0,
        dead_letters=0,
        findings=0,
        merkle_root=merkle.root([]).hex(),
        messages_hmac=nothing,
        last_message_hmac=nothing,
        salt_key_id=context.keys.salt_key_id,
        recorded_at=now,
        **context.versions.model_dump(),
    )
