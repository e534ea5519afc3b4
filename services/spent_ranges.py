"""Range ids under which rows may be in the store that nobody counted: they never vouch for anything.

An insert whose answer is lost may have been applied, in part or whole, and may still be. The same rows again under the
same range id could be there twice, inside a range that counts. So an id of which one insert failed is spent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from schemas.errors import Place, StoreError

RANGES: Final = "range_rows"
_MOST: Final = 100_000
"""Ids that are remembered, the latest ones. An attempt has ended long before so many others have failed."""


class SpentRanges:
    """The ids of one process; every process names its ranges by itself."""

    def __init__(self) -> None:
        self._spent: dict[str, None] = {}

    def names(self, table: str, rows: pl.DataFrame, where: Place) -> list[str]:
        """Return the range ids that are spent if this insert fails.

        Args:
            table: where the rows are to go.
            rows: the rows.
            where: the store, for errors.

        Raises:
            StoreError: one of their range ids is spent already.
        """
        column = "id" if table == RANGES else "range_id"
        if not table.endswith("_rows") or column not in rows.columns:
            return []
        names = rows[column].unique().to_list()
        if any(name in self._spent for name in names):
            raise StoreError(
                f"rows cannot be written to {table}", where=where,
                why="an insert under the same range id failed before, and may have written its rows all the same",
                todo="write everything again under a new range id",
            )  # fmt: skip
        return [] if table == RANGES else names

    def add(self, names: Iterable[str]) -> None:
        """Take note that an insert failed."""
        self._spent.update(dict.fromkeys(names))
        while len(self._spent) > _MOST:
            del self._spent[next(iter(self._spent))]
