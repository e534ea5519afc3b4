"""RFC 3339 times of a whole batch at once, cut to microseconds."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

MICROSECONDS: Final = pl.Datetime("us", "UTC")

# What the vectorised parser may see: four-digit years from 1 on, seconds below 60, at most six digits of a fraction,
# a zone with a colon. Everything else that the contract admits (lower case, finer fractions) is rare, and is left to
# `schemas.events.parse_time`.
_PLAIN: Final = (
    r"^(?:[1-9][0-9]{3}|0[0-9]{2}[1-9]|0[0-9][1-9]0|0[1-9]00)-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]"
    r"(?:\.[0-9]{1,6})?[+-][0-9]{2}:[0-5][0-9]$"
)
_FINER: Final = r"^(.{19}\.[0-9]{6})[0-9]{1,9}([+-].{5})$"
_FORMAT: Final = "%+"  # ISO 8601; spelled out, the forms of _PLAIN are read the same in twice the time
_LONGEST: Final = len("2026-11-01T00:00:00.123456+09:00")
_EARLIEST: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_LATEST: Final = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)


def parse_times(texts: pl.Series) -> pl.Series:
    """Return the instants that ``texts`` (String) name, as Datetime in microseconds UTC; null where in doubt.

    A value that comes out is the one that `schemas.events.parse_time` gives. A null says nothing yet: the text may be
    absent, wrong, or of a rare form that only the contract can read.
    """
    if texts.null_count() == len(texts):
        return pl.Series(texts.name, [None] * len(texts), dtype=MICROSECONDS)
    text = pl.col("text")
    zoned = pl.when(text.str.ends_with("Z")).then(text.str.strip_suffix("Z") + "+00:00").otherwise(text)
    frame = texts.to_frame("text").select(zoned)
    if frame["text"].str.len_bytes().max() > _LONGEST:  # type: ignore[operator]
        frame = frame.select(text.str.replace(_FINER, "$1$2"))
    plain = frame.select(pl.when(text.str.contains(_PLAIN)).then(text)).to_series()
    moments = plain.str.to_datetime(_FORMAT, time_unit="us", strict=False)
    in_range = moments.is_between(_EARLIEST, _LATEST)
    return moments.set(~in_range, None).rename(texts.name)


def canonical(moment: dt.datetime) -> str:
    """Return a UTC instant as the one text of it that `parse_times` always reads."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
