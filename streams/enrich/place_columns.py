"""The columns of the two places, ``asset`` and ``destination``, of a whole batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from schemas.facts import EVENT
from schemas.interpretations import Interpretations
from streams.column_types import absent, dtypes
from streams.commit import Keys
from streams.distinct import DistinctTable, Key
from streams.enrich.columns import Chosen, beside
from streams.enrich.keys import asset_key
from streams.enrich.places import PLACE_FACTS, Placed, place_facts
from streams.register_index import RegisterIndex

_MICROSECOND: Final = dt.timedelta(microseconds=1)


_NAMES: Final = ["asset.claimed_id", "asset.locator"]
_MOVED: Final = ["event.time", *(column.name for column in EVENT if column.name.startswith("destination."))]
_DESTINATION_FACTS: Final = tuple(f"destination.{name}" for name in (*PLACE_FACTS, "key"))


class PlaceColumns:
    """Facts of places under one version of register and settings.

    Args:
        index: that version.
    """

    def __init__(self, index: RegisterIndex) -> None:
        self._index = index
        self._asset = DistinctTable(dtypes(f"asset.{name}" for name in PLACE_FACTS), self._resolve_asset)
        facts = dtypes(f"destination.{name}" for name in PLACE_FACTS)
        self._destination = DistinctTable(facts, self._resolve_destination)

    def assets(self, events: pl.DataFrame, segments: pl.Series, keys: Keys) -> pl.DataFrame:
        """Return the facts of the touched assets, columns ``asset.*``; the categories are `streams.classify`'s."""
        named = self._index.assets(events["asset.claimed_id"], events["asset.locator"], segments)
        known = pl.DataFrame({"entry": named["entry"], "region": events["asset.region"], "segment": segments})
        facts = self._asset.of(known)
        seen = beside(events[_NAMES], facts, named)
        key = asset_key(seen, "asset.id", "asset.claimed_id", "asset.locator", keys)
        return facts.with_columns(key.alias("asset.key"))

    def destinations(self, events: pl.DataFrame, segments: pl.Series, keys: Keys) -> pl.DataFrame:
        """Return the facts of where transfers go, columns ``destination.*``; other events have no destination."""
        transfers = Chosen(events, pl.col("event.kind") == "transfer")
        if transfers.none:
            return absent(_DESTINATION_FACTS, len(events))
        moved, when = transfers.of(events[_MOVED]), transfers.series(segments)
        named = self._index.assets(moved["destination.claimed_asset"], moved["destination.locator"], when)
        said = moved[["destination.region", "destination.claimed_country", "destination.persistence"]]
        facts = self._destination.of(said.with_columns(named["entry"], segment=when))
        seen = beside(moved, facts)
        key = asset_key(beside(seen, named), "destination.id", "destination.claimed_asset", "destination.locator", keys)
        stored = seen.select(pl.col("destination.stored") & ~self._short_stay(when))["destination.stored"]
        return transfers.spread(facts.with_columns(stored, key.alias("destination.key")))

    def _short_stay(self, segments: pl.Series) -> pl.Expr:
        """Return whether a stay is meant to end so soon that it need not be published (Q11)."""
        least = self._index.setting(_exempt_below, segments)
        stay = (pl.col("destination.temporary.until") - pl.col("event.time")).dt.total_microseconds()
        return ((stay >= 0) & (stay < least)).fill_null(False)

    def _resolve_asset(self, key: Key) -> Sequence[Any]:
        placed = Placed(self._index.asset(key["entry"]), key["region"])
        return place_facts(self._index.moment(key["segment"]), placed, "asset").row(PLACE_FACTS)

    def _resolve_destination(self, key: Key) -> Sequence[Any]:
        placed = Placed(
            self._index.asset(key["entry"]),
            key["destination.region"],
            key["destination.claimed_country"],
            key["destination.persistence"],
        )
        return place_facts(self._index.moment(key["segment"]), placed, "destination").row(PLACE_FACTS)


def _exempt_below(settings: Interpretations) -> int:
    """Return the microseconds below which a temporary stay is exempt; 0: none is."""
    return settings.temporary.min_duration // _MICROSECOND if settings.temporary.exempt else 0
