"""Records of events: the columns of `schemas.records.RECORD_COLUMNS` as nested JSON, and commitments to the rest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import polars as pl

from schemas.records import COMMITTED, OPTIONAL_SECTIONS, RECORD_COLUMNS, RECORD_VERSION, Clock
from streams.commit import clock_commitments
from streams.leaves import INDEXED, POSITION_IN_BATCH, leaf_text, with_leaves, written

SALT: Final[dict[Clock, str]] = {"short": "salt.short", "long": "salt.long"}
"""Columns that hold the salts of event and clock."""


def event_records(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event: position, ``kind``, the indexed columns, ``record``, ``leaf_hash``.

    Args:
        events: facts, salts, and what `streams.record` prepares of lists, content and raw message.
    """
    absent = {name for name in events.columns if events[name].null_count() == len(events)}
    encoded = events.with_columns(_committed(events, clock, absent).alias(clock) for clock in SALT).select(
        *POSITION_IN_BATCH, pl.lit("event").alias("kind"), *INDEXED, leaf_text(*_pieces(absent))
    )
    return with_leaves(encoded)


def _pieces(absent: set[str]) -> Iterator[pl.Expr]:
    """Yield the pieces of a record in order, read from columns and the commitments ``short`` and ``long``.

    Section by section: to write one struct of structs costs Polars half as much again as to write each and join them.
    """
    text = f'{{"v":{RECORD_VERSION},"record":"event"'
    for section, names in groupby(RECORD_COLUMNS, _section):
        label = f'"{section}":' if section else ""
        value = _written(section, [*names], absent)
        if value is None:
            text += f",{label}null"
            continue
        yield pl.lit(f"{text},{label}")
        yield value
        text = ""
    yield pl.lit(f'{text},"commitments":{{"short":"')
    yield pl.col("short")
    yield pl.lit('","long":"')
    yield pl.col("long")
    yield pl.lit('"}}')


def _section(name: str) -> str:
    """Return the part of a name before its first dot; empty for a name without one."""
    return name.partition(".")[0] if "." in name else ""


def _written(section: str, names: list[str], absent: set[str]) -> pl.Expr | None:
    """Return one section as JSON: an object, or for columns without a section its inside; None: null in every row."""
    json = pl.struct(written(name).alias(name.removeprefix(f"{section}.")) for name in names).struct.json_encode()
    if not section:
        return json.str.strip_prefix("{").str.strip_suffix("}")
    if section not in OPTIONAL_SECTIONS:
        return json
    known = [pl.col(name).is_not_null() for name in names if name not in absent]
    return pl.when(pl.any_horizontal(known)).then(json).otherwise(pl.lit("null")) if known else None


def _committed(events: pl.DataFrame, clock: Clock, absent: set[str]) -> pl.Series:
    """Return the commitment to the values under one clock; columns without any value are not looked at."""
    columns = {name: _committed_column(name) for name, its_clock in COMMITTED.items() if its_clock == clock}
    present = {name: column for name, column in columns.items() if column not in absent}
    return clock_commitments(events, SALT[clock], present)


def _committed_column(name: str) -> str:
    """Return the column with the text that is committed to under this name."""
    return {
        "raw": "raw.sha256",
        "records.users": "records.users.json",
        "records.fields": "records.fields.long",
        "grant.privileges": "grant.privileges.long",
    }.get(name, name)
