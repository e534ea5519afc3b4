"""Enrichment: what the register, the published policy and the settings say of each event at its time.

`enrich` is the stage of the pipeline. One module says the facts of one thing in plain Python, with their provenance
(`places`, `handlers`, `employers`, `contracts`, `countries`, `planned`); its ``*_columns`` neighbour asks it once per
distinct key of a batch. Whom an event is judged by, and who receives, `who` decides.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.facts import EVENT
from streams.commit import Keys
from streams.enrich.columns import Chosen, beside
from streams.enrich.handler_columns import HandlerColumns
from streams.enrich.place_columns import PlaceColumns
from streams.enrich.planned import planned_columns
from streams.register_index import RegisterIndex

__all__ = ["enrich"]

_READ: Final = [column.name for column in EVENT]


def enrich(events: pl.DataFrame, index: RegisterIndex, keys: Keys) -> pl.DataFrame:
    """Return the events with their facts, except those of categories (`streams.classify`).

    Args:
        events: columns ``EVENT`` of `schemas.facts`; further columns are kept.
        index: register, settings and geography.
        keys: make the pseudonyms of what the register does not know.

    Returns:
        The same rows in the same order, and behind their columns the facts of places, handlers, exposure and planned
        transfers. Acts in Ashiato itself are not judged: all their facts are absent. What holds for a row does not
        depend on the rows beside it.
    """
    judged = Chosen(events, pl.col("event.kind") != "act")
    return beside(events, judged.spread(_facts(judged.of(events[_READ]), index, keys)))


def _facts(events: pl.DataFrame, index: RegisterIndex, keys: Keys) -> pl.DataFrame:
    places, handlers = index.kept(PlaceColumns), index.kept(HandlerColumns)
    segments = index.segments(events["event.time"])
    found = beside(places.assets(events, segments, keys), places.destinations(events, segments, keys))
    seen = beside(events, found)
    party, recipient = handlers.parties(seen, segments, keys), handlers.recipients(seen, segments, keys)
    found = beside(found, party, recipient, handlers.exposed(events, segments).to_frame())
    return beside(found, planned_columns(beside(events, found), index, segments))
