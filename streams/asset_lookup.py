"""Which asset of the register an event names, by id, by locator or by both.

What an event says twice must agree: an id and a locator that lead to different assets lead to none, nor does an id
beside a locator that leads nowhere, for a producer that mislabels what it touched would otherwise choose the category.
An id that the register does not know is not replaced by what the locator leads to. A locator leads to the entry with
the most specific pattern that matches; where that entry has ended and nothing of the same id goes on, the locator leads
nowhere: a wildcard beside it was never meant for what stood there. A URL is looked up in one spelling; one that servers
read in different ways, which lead to different assets, leads to none (`streams.locators`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from schemas.register import Asset
from streams.locators import pattern_of, readings
from streams.patterns import PatternIndex
from streams.register_moment import holds
from streams.register_versions import reference

NO_ENTRY: Final = "no register entry"


@dataclass(frozen=True, slots=True)
class Named:
    """What id and locator lead to.

    Attributes:
        entry: index of the asset's entry; None if it is unknown.
        disagree: id and locator, or the ways to read the locator, lead to different assets, or one of them to none.
        why: why it is unknown, as a source of facts (`streams.enrich.facts`).
    """

    entry: int | None
    disagree: bool = False
    why: str = NO_ENTRY


class AssetLookup:
    """Finds assets as of a day.

    Args:
        assets: the entries, told by their index; of two valid ones of one id the first counts.
    """

    def __init__(self, assets: Sequence[Asset]) -> None:
        self._assets = assets
        self._of_id: dict[str, list[int]] = {}
        for index, asset in enumerate(assets):
            self._of_id.setdefault(asset.id, []).append(index)
        self._locators = PatternIndex(
            (pattern_of(locator.pattern), index) for index, asset in enumerate(assets) for locator in asset.locators
        )

    def find(self, name: str | None, locator: str | None, day: dt.date) -> Named:
        """Return what an id and a locator (None: the event has none) lead to on a day in Japan."""
        located = Named(None) if locator is None else self._located(locator, day)
        if name is None or located.disagree:
            return located
        known = self._valid(name, day)
        if known is None:
            return Named(None, why=f"{NO_ENTRY} assets of the id that the event claims")
        if locator is None or (located.entry is not None and self._assets[located.entry].id == name):
            return Named(known)
        cited = f"register {reference('assets', self._assets[known])}"
        other = located.why if located.entry is None else f"register {reference('assets', self._assets[located.entry])}"
        return Named(None, disagree=True, why=f"id and locator of the event disagree; {cited}; {other}")

    def _located(self, locator: str, day: dt.date) -> Named:
        """Return what a locator leads to, however it is read."""
        first, *others = (self._matched(reading, day) for reading in readings(locator))
        if all(other.entry == first.entry for other in others):
            return first
        return Named(
            None, disagree=True, why="servers read the locator in different ways, which lead to different assets"
        )

    def _matched(self, locator: str, day: dt.date) -> Named:
        ranked = self._locators.ranked(locator)
        for _, group in groupby(ranked, key=lambda pair: pair[0]):
            alike = [index for _, index in group]
            valid = self._first_valid(alike, day)
            if valid is not None:
                return Named(self._valid(self._assets[valid].id, day))
            ended = next((index for index in alike if self._has_ended(self._assets[index], day)), None)
            if ended is not None:
                return Named(None, why=f"register {reference('assets', self._assets[ended])} has ended")
        return Named(None)

    def _has_ended(self, asset: Asset, day: dt.date) -> bool:
        """Return whether an entry is over and no entry of its id goes on."""
        return asset.valid_to is not None and asset.valid_to <= day and self._valid(asset.id, day) is None

    def _valid(self, name: str, day: dt.date) -> int | None:
        return self._first_valid(self._of_id.get(name, ()), day)

    def _first_valid(self, indexes: Iterable[int], day: dt.date) -> int | None:
        return next((index for index in indexes if holds(self._assets[index], day)), None)
