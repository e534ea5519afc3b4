"""Small moves between a batch and the rows of it that a fact is about."""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl

from streams.column_types import nulls


class Chosen:
    """Some rows of a batch: take them out, work on them, and spread the result over the batch again.

    Args:
        frame: the batch.
        condition: says which rows; a null is not chosen.

    Attributes:
        none: whether no row is chosen; then there is nothing to work on (`absent`).
    """

    def __init__(self, frame: pl.DataFrame, condition: pl.Expr) -> None:
        self._places = frame.select(condition.fill_null(False).alias("chosen"))["chosen"].arg_true()
        self._length = len(frame)
        self._all = len(self._places) == self._length
        self.none = not len(self._places)

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the chosen rows of a frame as long as the batch."""
        return frame if self._all else frame[self._places]

    def series(self, values: pl.Series) -> pl.Series:
        """Return the chosen rows of a series as long as the batch."""
        return values if self._all else values[self._places]

    def spread(self, found: pl.DataFrame) -> pl.DataFrame:
        """Return a frame as long as the batch: what was found for the chosen rows, nulls for all others."""
        if self._all:
            return found
        order = pl.arange(len(found), dtype=pl.UInt32, eager=True)
        place = nulls("place", pl.UInt32(), self._length).scatter(self._places, order)
        return found[place]


def prefixed(table: pl.DataFrame, role: str) -> pl.DataFrame:
    """Return a table whose columns bear the name of their role: ``id`` becomes ``asset.id``."""
    return table.rename(lambda name: f"{role}.{name}")


def beside(*frames: pl.DataFrame) -> pl.DataFrame:
    """Return frames of one length as one, side by side."""
    return pl.concat(frames, how="horizontal")


def text_of(values: Iterable[str]) -> str:
    """Return texts as one text that `texts_of` takes apart again."""
    return json.dumps(list(values))


def texts_of(text: str | None) -> tuple[str, ...] | None:
    """Return the texts that `text_of` or `compact_json` put together."""
    return None if text is None else tuple(json.loads(text))
