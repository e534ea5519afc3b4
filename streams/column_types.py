"""How the columns of `schemas.facts` are held in frames, and columns in which nothing is known."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import polars as pl

from schemas.facts import COLUMNS, ColumnType
from streams.times import MICROSECONDS

DTYPES: Final[dict[ColumnType, pl.DataType]] = {
    "text": pl.String(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "time": MICROSECONDS,
    "texts": pl.List(pl.String()),
}
"""Polars type of each type of column."""


def dtypes(names: Iterable[str]) -> dict[str, pl.DataType]:
    """Return name → Polars type of columns of the catalogue."""
    return {name: DTYPES[COLUMNS[name].type] for name in names}


def nulls(name: str, dtype: pl.DataType, rows: int) -> pl.Series:
    """Return a column of so many nulls; it costs the same for many as for few."""
    return _null(dtype).new_from_index(0, rows).alias(name)


@cache
def _null(dtype: pl.DataType) -> pl.Series:
    return pl.Series([None], dtype=dtype)


def absent(names: Iterable[str], rows: int) -> pl.DataFrame:
    """Return so many rows of columns of the catalogue that are all null.

    What no event of a batch has is not looked for: each step costs the same for no rows as for a thousand.
    """
    return pl.DataFrame([nulls(name, dtype, rows) for name, dtype in dtypes(names).items()])
