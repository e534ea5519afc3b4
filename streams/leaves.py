"""What all kinds of records share: their columns in the store, how times are written, their leaf hashes."""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.facts import COLUMNS
from schemas.records import MAX_RECORD_BYTES
from streams.column_types import dtypes
from streams.commit import digest

POSITION_IN_BATCH: Final = ("position.offset", "position.part")
"""A batch has one source and partition; these two tell its rows apart."""

INDEXED: Final = {
    **dtypes(
        ("event.kind", "event.source", "event.id", "event.time", "asset.key", "asset.category", "party.key", "action")
    ),
    "event.content": pl.String(),
}
"""Columns of an event record that also stand beside it in the store, because people or reviews search by them."""

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


def written(name: str) -> pl.Expr:
    """Return a column as a record writes it: times as text with six digits and Z, all else as it is."""
    if name in COLUMNS and COLUMNS[name].type == "time":
        return pl.col(name).dt.strftime(_TIME_FORMAT)
    return pl.col(name)


def leaf_text(*pieces: pl.Expr) -> pl.Expr:
    """Return what is hashed of a record that is put together from ``pieces`` (String): 0x00 ‖ record, as ``leaf``."""
    return pl.concat_str(pl.lit("\x00"), *pieces).alias("leaf")


def with_leaves(rows: pl.DataFrame) -> pl.DataFrame:
    """Replace ``leaf`` (see `leaf_text`) by ``record`` (String) and ``leaf_hash`` (Binary, 32 bytes).

    Raises:
        ValueError: a record is too long. The limits of the contracts do not allow it: a defect, not bad input.
    """
    # The record is a view into the text with the prefix, not a copy of it.
    found = rows.with_columns(pl.col("leaf").str.slice(1).alias("record"))
    found.drop_in_place("leaf")
    longest = found["record"].str.len_bytes().max()
    if isinstance(longest, int) and longest > MAX_RECORD_BYTES:
        raise ValueError(f"a record of {longest} bytes; no more than {MAX_RECORD_BYTES} are allowed")
    hashes = rows.select(digest(pl.col("leaf")))["leaf"]
    return found.with_columns(pl.Series("leaf_hash", map(bytes.fromhex, hashes), dtype=pl.Binary))
