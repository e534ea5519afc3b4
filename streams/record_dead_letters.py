"""Records of messages that cannot be read: they are leaves too, so nothing can be dropped as unreadable in silence."""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.records import RECORD_VERSION
from streams.batch import RawBatch
from streams.commit import Keys, commitment_of, salt_of
from streams.leaves import INDEXED, POSITION_IN_BATCH, leaf_text, with_leaves
from streams.ranges import bare_sha256

_MAX_TEXT: Final = 4_096  # characters of an error text; keeps the record within its limit


def with_commitments(letters: pl.DataFrame, batch: RawBatch, keys: Keys) -> pl.DataFrame:
    """Return dead letters with position names, ``salt`` and ``sha256``, the commitment to the message.

    Args:
        letters: columns of `streams.batch.DEAD_LETTER_SCHEMA`.
        batch: for the hashes of oversized messages, of which the letters hold the beginning only.
        keys: for the salts.
    """
    large = {one.offset: one.sha256 for one in batch.oversize}
    found: list[str] = []
    hashes: list[str] = []
    for offset, part, raw in letters.select("offset", "part", "raw").iter_rows():
        salt = salt_of((batch.source, batch.partition, offset, part), "short", keys)
        whole = large.get(offset) or bare_sha256(raw or b"")
        found.append(salt)
        hashes.append(commitment_of(salt, "raw", whole.hex().encode()))
    return letters.rename({"offset": "position.offset", "part": "position.part"}).with_columns(
        pl.col("text").str.head(_MAX_TEXT),
        pl.Series("salt", found, dtype=pl.String),
        pl.Series("sha256", hashes, dtype=pl.String),
    )


def dead_letter_records(letters: pl.DataFrame, batch: RawBatch) -> pl.DataFrame:
    """Return one row per dead letter in the shape of event records: `schemas.records.DeadLetter` as JSON."""
    record = pl.struct(
        pl.lit(RECORD_VERSION).alias("v"),
        pl.lit("dead_letter").alias("record"),
        pl.lit(batch.source).alias("source"),
        pl.lit(batch.partition).alias("partition"),
        pl.col("position.offset").alias("offset"),
        pl.col("position.part").alias("part"),
        "reason",
        "text",
        "bytes",
        "sha256",
    ).struct.json_encode()
    encoded = letters.select(
        *POSITION_IN_BATCH,
        pl.lit("dead_letter").alias("kind"),
        *(pl.lit(None, dtype=dtype).alias(name) for name, dtype in INDEXED.items()),
        leaf_text(record),
    )
    return with_leaves(encoded)
