"""Records of events: the columns of `schemas.records.RECORD_COLUMNS` as nested JSON, and commitments to the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from itertools import chain, groupby
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
    absent = {name for name in _MAY_LACK if events[name].null_count() == len(events)}
    missing = frozenset(section for section, names in _OPTIONAL.items() if absent.issuperset(names))
    encoded = events.hstack([_committed(events, clock, absent).alias(clock) for clock in SALT])
    sections, leaf = _told(missing)
    # Section by section, and side by side: to write one struct of structs costs Polars half as much again.
    told = encoded.select(*sections, *SALT)
    columns = encoded.select_seq(*POSITION_IN_BATCH, pl.lit("event").alias("kind"), *INDEXED)
    return with_leaves(columns.hstack([told.select(leaf).to_series()]))


@cache
def _told(missing: frozenset[str]) -> tuple[list[pl.Expr], pl.Expr]:
    """Return the sections of a record as JSON, and the record put together from those and the commitments.

    Optional sections that are ``missing`` are null in every row.
    """
    names = {section: [*names] for section, names in groupby(RECORD_COLUMNS, _section) if section not in missing}
    sections = [_written(section, its).alias(_json_column(section)) for section, its in names.items()]
    return sections, leaf_text(*_pieces(missing))


def _json_column(section: str) -> str:
    """Return the column that a section stands in as JSON for a moment."""
    return f"json {section}"


def _pieces(missing: frozenset[str]) -> Iterator[pl.Expr]:
    """Yield the pieces of a record in order: its sections, and the commitments ``short`` and ``long``."""
    text = f'{{"v":{RECORD_VERSION},"record":"event"'
    for section, _ in groupby(RECORD_COLUMNS, _section):
        label = f'"{section}":' if section else ""
        if section in missing:
            text += f",{label}null"
            continue
        yield pl.lit(f"{text},{label}")
        yield pl.col(_json_column(section))
        text = ""
    yield pl.lit(f'{text},"commitments":{{"short":"')
    yield pl.col("short")
    yield pl.lit('","long":"')
    yield pl.col("long")
    yield pl.lit('"}}')


def _section(name: str) -> str:
    """Return the part of a name before its first dot; empty for a name without one."""
    return name.partition(".")[0] if "." in name else ""


def _written(section: str, names: list[str]) -> pl.Expr:
    """Return one section as JSON: an object, or for columns without a section its inside."""
    json = pl.struct(written(name).alias(name.removeprefix(f"{section}.")) for name in names).struct.json_encode()
    if not section:
        return json.str.strip_prefix("{").str.strip_suffix("}")
    if section not in OPTIONAL_SECTIONS:
        return json
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in names)
    return pl.when(known).then(json).otherwise(pl.lit("null"))


def _committed(events: pl.DataFrame, clock: Clock, absent: Collection[str]) -> pl.Series:
    """Return the commitment to the values under one clock; columns without any value are not looked at."""
    present = {name: column for name, column in _COMMITTED[clock].items() if column not in absent}
    return clock_commitments(events, SALT[clock], present)


def _committed_column(name: str) -> str:
    """Return the column with the text that is committed to under this name."""
    return {
        "raw": "raw.sha256",
        "records.users": "records.users.json",
        "records.fields": "records.fields.long",
        "grant.privileges": "grant.privileges.long",
    }.get(name, name)


_COMMITTED: Final[dict[Clock, dict[str, str]]] = {
    clock: {name: _committed_column(name) for name, its_clock in COMMITTED.items() if its_clock == clock}
    for clock in SALT
}
"""What is committed to under each clock, and the columns with the texts of it."""

_OPTIONAL: Final = {
    section: tuple(names) for section, names in groupby(RECORD_COLUMNS, _section) if section in OPTIONAL_SECTIONS
}
_MAY_LACK: Final = tuple(
    dict.fromkeys(chain(*_OPTIONAL.values(), *(columns.values() for columns in _COMMITTED.values())))
)
"""Columns of which it is worth knowing that a whole batch has nothing in them."""
