"""What goes into which table of the store: the frames of a recorded batch as rows of `services/migrations/*.sql`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import polars as pl

from schemas.records import Range
from streams.batch import Recorded

EARLIEST: Final = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2299, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
"""What ClickHouse's DateTime64 can hold. An event may claim any time: its record has it as it is, the column beside it,
which is for searching, stops at these."""


FRAMES: Final[dict[str, Callable[[Recorded], pl.DataFrame]]] = {
    "evidence_rows": lambda recorded: recorded.evidence,
    "personal_short_rows": lambda recorded: recorded.personal_short,
    "personal_long_rows": lambda recorded: recorded.personal_long,
    "dead_letter_rows": lambda recorded: recorded.dead_letters,
    "finding_rows": lambda recorded: recorded.findings,
}
"""What goes into a table under a range, of a recorded batch; in the order that tables are written in."""


def tables(recorded: Recorded, of: Range) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield table and rows in the order that they have to be written in; the range's own row is the last.

    Args:
        recorded: one batch.
        of: its range.
    """
    yield from rows_of([(recorded, of)])
    yield "range_rows", range_row(of)


def rows_of(batches: Sequence[tuple[Recorded, Range]]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield table and rows of all batches together, those of the ranges themselves left out.

    Args:
        batches: what was recorded, with its range.
    """
    for table, frame_of in FRAMES.items():
        frames = [(frame, of) for recorded, of in batches if len(frame := frame_of(recorded))]
        if frames:
            yield table, _rows(frames)


def range_row(of: Range) -> pl.DataFrame:
    """Return a range as the one row that makes its rows count."""
    row = of.model_dump()
    return pl.DataFrame([row], schema_overrides={"mmdb_sha256": pl.String, "recorded_at": pl.Datetime("us", "UTC")})


def _rows(frames: Sequence[tuple[pl.DataFrame, Range]]) -> pl.DataFrame:
    """Return the rows of one table with their ranges; texts that are absent are empty."""
    rows = pl.concat(frame for frame, _ in frames)
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    times = [name for name in ("event.time", "event_time") if name in rows.columns]
    return rows.with_columns(
        _of_each("range_id", pl.String(), [(of.id, len(frame)) for frame, of in frames]),
        _of_each("recorded_at", pl.Datetime("us", "UTC"), [(of.recorded_at, len(frame)) for frame, of in frames]),
        *([pl.col("position.offset").alias("at")] if "at" not in rows.columns and "rule" in rows.columns else []),
        pl.col(texts).fill_null(""),
        *(pl.col(name).clip(EARLIEST, LATEST) for name in times),
    )


def _of_each(name: str, kind: pl.DataType, values: Sequence[tuple[object, int]]) -> pl.Series:
    """Return a column that holds each value so many times."""
    return pl.concat(pl.Series(name, [value], kind).new_from_index(0, times) for value, times in values)
