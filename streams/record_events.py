"""Records of events: the columns of `schemas.records.RECORD_COLUMNS` as nested JSON, and commitments to the rest."""

from __future__ import annotations

from itertools import groupby
from typing import Final

import polars as pl

from schemas.records import COMMITTED, OPTIONAL_SECTIONS, RECORD_COLUMNS, RECORD_VERSION, Clock
from streams.commit import clock_commitments
from streams.leaves import INDEXED, POSITION_IN_BATCH, with_leaves, written

SALT: Final[dict[Clock, str]] = {"short": "salt.short", "long": "salt.long"}
"""Columns that hold the salts of event and clock."""


def event_records(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event: position, ``kind``, the indexed columns, ``record``, ``leaf_hash``.

    Args:
        events: facts, salts, and what `streams.record` prepares of lists, content and raw message.
    """
    absent = {name for name in events.columns if events[name].null_count() == len(events)}
    encoded = events.with_columns(
        pl.struct(_committed(clock, absent).alias(clock) for clock in SALT).alias("commitments")
    ).select(
        *POSITION_IN_BATCH,
        pl.lit("event").alias("kind"),
        *INDEXED,
        pl.struct(
            pl.lit(RECORD_VERSION).alias("v"),
            pl.lit("event").alias("record"),
            *(
                one
                for section, names in groupby(RECORD_COLUMNS, _section)
                for one in _written(section, [*names], absent)
            ),
            "commitments",
        )
        .struct.json_encode()
        .alias("record"),
    )
    return with_leaves(encoded)


def _section(name: str) -> str:
    """Return the part of a name before its first dot; empty for a name without one."""
    return name.partition(".")[0] if "." in name else ""


def _written(section: str, names: list[str], absent: set[str]) -> list[pl.Expr]:
    """Return what a record says of one section: one object, null, or the bare columns that have no section."""
    if not section:
        return [written(name) for name in names]
    whole = pl.struct(written(name).alias(name.removeprefix(f"{section}.")) for name in names)
    if section in OPTIONAL_SECTIONS:
        known = [pl.col(name).is_not_null() for name in names if name not in absent]
        if not known:
            return [pl.lit(None).alias(section)]
        whole = pl.when(pl.any_horizontal(known)).then(whole)
    return [whole.alias(section)]


def _committed(clock: Clock, absent: set[str]) -> pl.Expr:
    """Return the commitment to the values under one clock; columns without any value are not looked at."""
    columns = {name: _committed_column(name) for name, its_clock in COMMITTED.items() if its_clock == clock}
    present = {name: pl.col(column) for name, column in columns.items() if column not in absent}
    return clock_commitments(SALT[clock], present)


def _committed_column(name: str) -> str:
    """Return the column with the text that is committed to under this name."""
    return {
        "records.users": "records.users.json",
        "records.fields": "records.fields.long",
        "grant.privileges": "grant.privileges.long",
    }.get(name, name)
