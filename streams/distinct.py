"""Few distinct values, many rows: resolve each distinct key once in plain Python, then gather values for all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

MAX_KEYS: Final = 16_384
"""A table forgets everything when it would grow beyond this, so memory stays bounded whatever the logs hold."""

_ROW: Final = "#row"

Key = Mapping[str, Any]
Resolve = Callable[[Key], Sequence[Any]]


class DistinctTable:
    """A function of key columns that is computed once per distinct key and remembered between batches.

    What it answers does not depend on the order, number or grouping of the rows it was asked about, nor on what it
    remembers.

    Args:
        schema: names and types of the columns that the function returns.
        resolve: takes one key, values by column (None for null), and returns one value per column of the schema.
        limit: keys to remember at most; a single batch with more of them is still answered.
    """

    def __init__(self, schema: Mapping[str, pl.DataType], resolve: Resolve, *, limit: int = MAX_KEYS) -> None:
        self._schema = dict(schema)
        self._resolve = resolve
        self._limit = limit
        self._known = pl.DataFrame()
        self._values = pl.DataFrame()

    def of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return one row of values for each row of ``keys``, in the same order."""
        if keys.is_empty():
            return pl.DataFrame(schema=self._schema)
        keys = keys[sorted(keys.columns)]
        if self._known.is_empty():
            self._forget(keys)
        place = self._places(keys)
        if place.null_count():
            self._learn(keys.filter(place.is_null()).unique(maintain_order=False), keys)
            place = self._places(keys)
        return self._values[place]

    def _places(self, keys: pl.DataFrame) -> pl.Series:
        """Return where in the table each key stands; null if it is new."""
        found = keys.join(self._known, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")
        return found[_ROW]

    def _learn(self, new: pl.DataFrame, keys: pl.DataFrame) -> None:
        """Resolve new keys and remember them; of all others only those that ``keys`` asks for, if they become many."""
        if len(self._known) + len(new) > self._limit:
            self._forget(keys)
            new = keys.unique(maintain_order=False)
        found = [self._resolve(key) for key in new.iter_rows(named=True)]
        values = pl.DataFrame(found, schema=self._schema, orient="row")
        numbered = new.with_row_index(_ROW, offset=len(self._known)).select(self._known.columns)
        self._known = pl.concat([self._known, numbered], rechunk=True)
        self._values = pl.concat([self._values, values], rechunk=True)

    def _forget(self, keys: pl.DataFrame) -> None:
        self._known = keys.clear().with_columns(pl.lit(0, pl.UInt32).alias(_ROW))
        self._values = pl.DataFrame(schema=self._schema)
