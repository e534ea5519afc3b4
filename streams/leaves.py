"""What all kinds of records share: their columns in the store, how times are written, their leaf hashes."""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.facts import COLUMNS
from schemas.records import MAX_RECORD_BYTES
from streams.commit import digest

POSITION_IN_BATCH: Final = ("position.offset", "position.part")
"""A batch has one source and partition; these two tell its rows apart."""

INDEXED: Final = (
    "event.kind", "event.source", "event.id", "event.time", "asset.key", "asset.category", "party.key", "action",
)  # fmt: skip
"""Columns of an event record that also stand beside it in the store, because people search by them."""

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


def written(name: str) -> pl.Expr:
    """Return a column as a record writes it: times as text with six digits and Z, all else as it is."""
    if name in COLUMNS and COLUMNS[name].type == "time":
        return pl.col(name).dt.strftime(_TIME_FORMAT)
    return pl.col(name)


def with_leaves(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``leaf_hash`` (Binary, 32 bytes) of ``record``.

    Raises:
        ValueError: a record is too long. The limits of the contracts do not allow it: a defect, not bad input.
    """
    longest = rows["record"].str.len_bytes().max()
    if isinstance(longest, int) and longest > MAX_RECORD_BYTES:
        raise ValueError(f"a record of {longest} bytes; no more than {MAX_RECORD_BYTES} are allowed")
    leaf = digest(pl.concat_str(pl.lit("\x00"), pl.col("record")))
    return rows.with_columns(leaf.str.decode("hex").alias("leaf_hash"))
