"""Few distinct values, many rows: resolve each distinct key once in plain Python, then gather values for all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

MAX_KEYS: Final = 16_384
"""A table forgets everything when it would grow beyond this, so memory stays bounded whatever the logs hold."""

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
        self._known: dict[tuple[Any, ...], int] = {}
        self._values = self._empty()

    def of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return one row of values for each row of ``keys``, in the same order."""
        keys = keys.select(sorted(keys.columns))
        distinct = keys.unique(maintain_order=False)
        rows = self._rows_of(distinct.columns, distinct.rows())
        numbered = distinct.with_columns(pl.Series("_row", rows, dtype=pl.UInt32))
        place = keys.join(numbered, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")
        return self._values.select(pl.all().gather(place["_row"]))

    def _rows_of(self, columns: list[str], keys: list[tuple[Any, ...]]) -> list[int]:
        """Return where in the table each key's values stand, resolving those that are new."""
        new = [key for key in keys if key not in self._known]
        if len(self._known) + len(new) > self._limit:
            self._known.clear()
            self._values = self._empty()
            new = keys
        if new:
            start = len(self._known)
            found = [self._resolve(dict(zip(columns, key, strict=True))) for key in new]
            values = pl.DataFrame(found, schema=self._schema, orient="row")
            self._known.update(zip(new, range(start, start + len(new)), strict=True))
            self._values = pl.concat([self._values, values], rechunk=True)
        return [self._known[key] for key in keys]

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self._schema)
