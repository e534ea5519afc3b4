"""Activity: the few events that something may follow from, for whoever watches over time (``audit.activity``).

What own staff reads at home, as the policy says, is no activity. What is not known is not taken for harmless.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from streams.leaves import POSITION_IN_BATCH

COLUMNS: Final = (*POSITION_IN_BATCH, "party.key", "record")
"""Columns of an activity frame: Int64, Int64, String, String (the event's record, which holds no personal data)."""


def is_activity(facts: pl.DataFrame, findings: pl.DataFrame) -> pl.Series:
    """Return which events raised something, are handled by a third party, grant, expose or send abroad, or are acts.

    Args:
        facts: all columns of `schemas.facts`, one row per event.
        findings: what `streams.judge` said; ``row`` is an index into ``facts``.

    Returns:
        Boolean, one for each event, never null.
    """
    raised = pl.int_range(pl.len()).is_in(findings["row"].unique().cast(pl.Int64).implode())
    return facts.select(raised | _worth_watching()).to_series()


@cache
def _worth_watching() -> pl.Expr:
    """Return whether an event is activity by what it is; an unknown handler or place counts as somebody else's."""
    kind = pl.col("event.kind")
    return pl.any_horizontal(
        pl.col("party.third_party").fill_null(value=True),
        pl.col("recipient.key").is_not_null() & pl.col("recipient.third_party").fill_null(value=True),
        kind.is_in(["grant", "act"]),
        pl.col("exposure.to").is_not_null(),
        (kind == "transfer") & pl.col("destination.abroad").fill_null(value=True),
    )
