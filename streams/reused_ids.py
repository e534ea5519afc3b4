"""Findings of the identity review: rules that look at how many contents an identity has (`event.contents`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from schemas.facts import COLUMNS
from schemas.records import Versions
from streams.column_types import dtypes
from streams.judge import judge, parts
from streams.record_findings import finding_records
from streams.rules import Rulebook


def reviewing(rulebook: Rulebook) -> Rulebook:
    """Return the rules that read ``event.contents``; to the others a reviewed event would be another event."""
    ids = {part.rule.id for part in parts(rulebook) if any(column.name == "event.contents" for column in part.reads)}
    return Rulebook(tuple(rule for rule in rulebook if rule.id in ids))


def reused_id_findings(
    rows: Sequence[Mapping[str, Any]], rulebook: Rulebook, versions: Versions, first: int
) -> pl.DataFrame:
    """Return finding records, as `streams.record_findings` makes them, for events whose identity was used again.

    Args:
        rows: columns of the events' records, dotted, and ``event.contents``.
        rulebook: what `reviewing` returned.
        versions: named in the findings.
        first: offset of the first finding in the review's own source; column ``at`` counts on from it.
    """
    schema = dtypes(COLUMNS) | {"event.content": pl.String()}
    known = [{name: value for name, value in row.items() if name in schema} for row in rows]
    events = pl.DataFrame(known, schema=schema)
    found = finding_records(events, judge(events, rulebook), versions)
    return found.with_columns(pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("at"))
