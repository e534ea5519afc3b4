"""What goes into which table of the store: the frames of a recorded batch as rows of `services/migrations/*.sql`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import polars as pl

from schemas.records import Range
from streams.batch import Recorded

EARLIEST: Final = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2299, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
"""What ClickHouse's DateTime64 can hold. An event may claim any time: its record has it as it is, the column beside it,
which is for searching, stops at these."""


def tables(recorded: Recorded, of: Range) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield table and rows in the order that they have to be written in; the range's own row is the last.

    Args:
        recorded: one batch.
        of: its range.
    """
    frames = {
        "evidence_rows": recorded.evidence,
        "personal_short_rows": recorded.personal_short,
        "personal_long_rows": recorded.personal_long,
        "dead_letter_rows": recorded.dead_letters,
        "finding_rows": recorded.findings,
    }
    for table, frame in frames.items():
        if len(frame):
            yield table, _rows(frame, of)
    yield "range_rows", range_row(of)


def range_row(of: Range) -> pl.DataFrame:
    """Return a range as the one row that makes its rows count."""
    row = of.model_dump()
    return pl.DataFrame([row], schema_overrides={"mmdb_sha256": pl.String, "recorded_at": pl.Datetime("us", "UTC")})


def _rows(frame: pl.DataFrame, of: Range) -> pl.DataFrame:
    """Return rows with their range; texts that are absent are empty."""
    named = frame.select(pl.lit(of.id).alias("range_id"), pl.lit(of.recorded_at).alias("recorded_at"), pl.all())
    if "at" not in named.columns and "rule" in named.columns:
        named = named.with_columns(pl.col("position.offset").alias("at"))
    texts = [name for name, kind in named.schema.items() if kind == pl.String]
    times = [name for name in ("event.time", "event_time") if name in named.columns]
    return named.with_columns(pl.col(texts).fill_null(""), *(pl.col(name).clip(EARLIEST, LATEST) for name in times))
