"""Structs to columns: the frame of `schemas.facts.EVENT` for a list of events.

Reading attributes into lists and handing those to Arrow costs half of writing the structs as JSON lines and reading
them again with a schema, and nothing can be understood in another way on the detour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final, cast

import msgspec
import polars as pl
import polars_hash as plh
import pyarrow as pa

from schemas.facts import EVENT, ColumnType
from streams.fast_events import (
    KINDS,
    AccessData,
    ActData,
    ActEvent,
    AssetRef,
    Destination,
    Exposure,
    FastEvent,
    GrantData,
    GrantEvent,
    Origin,
    Principal,
    Records,
    Temporary,
    TransferEvent,
)
from streams.times import MICROSECONDS, parse_times

DTYPES: Final[dict[ColumnType, pl.DataType]] = {
    "text": pl.String(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "time": MICROSECONDS,
    "texts": pl.List(pl.String),
}
"""Type of each kind of column of `schemas.facts`."""

_TYPES: Final = {column.name: column.type for column in EVENT}
_TEXTS: Final = pa.large_list(pa.large_string())
_WRITE: Final = msgspec.json.Encoder().encode

_NO_ACTOR: Final = Principal()
_NO_ORIGIN: Final = Origin()
_NO_RECORDS: Final = Records()
_NO_EXPOSURE: Final = Exposure()
_NO_DESTINATION: Final = Destination()
_NO_TEMPORARY: Final = Temporary()

Columns = dict[str, list[Any]]


def event_frame(events: Sequence[FastEvent]) -> pl.DataFrame:
    """Return one row per event: the columns of ``EVENT`` in order, then three more.

    * ``event.content``: String, SHA-256 hex over ``time|until|JSON``: both times in microseconds since 1970 (``until``
      of a grant or a temporary copy, or nothing), and what else was read, compact, absent values left out. Two
      notations of one event have one content.
    * ``written``: UInt32, length of that JSON in bytes.
    * ``in_doubt``: Boolean, a time is of a form that only the contract can read, or wrong.

    The times of ``events`` are emptied on the way: they are not read again.
    """
    columns = _columns(events)
    times, until = parse_times(_series("event.time", columns, text=True)), _until(columns)
    doubt = times.is_null()
    series = [times if name == "event.time" else until.get(name, None) for name in _TYPES]
    for name, moments in until.items():
        doubt |= moments.is_null() & _series(name, columns, text=True).is_not_null()
    found = [done if done is not None else _series(name, columns) for name, done in zip(_TYPES, series, strict=True)]
    written = _written(events)
    frame = pl.DataFrame(found)
    return frame.with_columns(
        _content(written).alias("event.content"),
        written.str.len_bytes().alias("written"),
        doubt.alias("in_doubt"),
    )


def _until(columns: Columns) -> dict[str, pl.Series]:
    names = ("destination.temporary.until", "grant.until")
    return {name: parse_times(_series(name, columns, text=True)) for name in names}


def _columns(events: Sequence[FastEvent]) -> Columns:
    """Read all attributes; a name that is missing in the answer is absent in every event."""
    columns = _read("event.", ("id", "source", "time"), events)
    columns["event.kind"] = [KINDS[event.__class__] for event in events]
    datas = [_acted(event.data) if isinstance(event, ActEvent) else event.data for event in events]
    actors = [data.actor for data in datas]
    columns |= _read("actor.", ("issuer", "subject", "kind", "role", "party"), actors)
    columns |= _group("actor.on_behalf_of.", ("issuer", "subject", "party"), actors, "on_behalf_of", _NO_ACTOR)
    columns |= _group("origin.", ("ip", "country"), datas, "origin", _NO_ORIGIN)
    columns |= _read("asset.", ("claimed_id=id", "locator", "region"), [data.asset for data in datas])
    columns |= _read("", ("action", "operation", "outcome", "purpose", "ticket", "approval"), datas)
    columns |= _group("records.", ("count", "fields", "users"), datas, "records", _NO_RECORDS)
    columns |= _group("exposure.", ("to", "party", "country", "system"), datas, "exposure", _NO_EXPOSURE)
    for kind, read in _BY_KIND:
        if any(event.__class__ is kind for event in events):
            columns |= read(events)
    return columns


def _acted(data: ActData) -> AccessData:
    """Return what an act has in common with the other kinds: its actor."""
    return AccessData(actor=data.actor, asset=AssetRef(), action=None)  # type: ignore[arg-type]


def _transfers(events: Sequence[FastEvent]) -> Columns:
    ends = [event.data.destination if isinstance(event, TransferEvent) else _NO_DESTINATION for event in events]
    names = ("claimed_asset=asset", "locator", "region", "claimed_party=party", "claimed_country=country", "protocol",
             "encrypted", "bytes", "persistence")  # fmt: skip
    stays = [end.temporary for end in ends]
    found = _read("destination.", names, ends)
    if any(stays):
        found |= _read("destination.temporary.", ("until", "purpose"), [stay or _NO_TEMPORARY for stay in stays])
        for stay in filter(None, stays):
            stay.until = None
    return found


def _grants(events: Sequence[FastEvent]) -> Columns:
    datas = [event.data if isinstance(event, GrantEvent) else _NO_GRANT for event in events]
    found = _read("grantee.", ("issuer", "subject", "party"), [data.grantee for data in datas])
    found |= _read("grant.", ("change", "privileges", "until"), datas)
    for data in datas:
        data.until = None
    return found


def _acts(events: Sequence[FastEvent]) -> Columns:
    datas = [event.data if isinstance(event, ActEvent) else _NO_ACT for event in events]
    return _read("act.", ("kind", "subject"), datas)


_NOBODY: Final[Any] = None
_NO_GRANT: Final = GrantData(actor=_NOBODY, asset=_NOBODY, action=_NOBODY, grantee=Principal(), change=_NOBODY)
_NO_ACT: Final = ActData(actor=_NOBODY, kind=_NOBODY)
_BY_KIND: Final[tuple[tuple[type[Any], Callable[[Sequence[FastEvent]], Columns]], ...]] = (
    (TransferEvent, _transfers),
    (GrantEvent, _grants),
    (ActEvent, _acts),
)


def _group(prefix: str, names: tuple[str, ...], owners: Sequence[Any], attribute: str, blank: object) -> Columns:
    """Read a part that an event may lack; nothing if no event has it."""
    parts = list(map(attrgetter(attribute), owners))
    if not any(parts):
        return {}
    return _read(prefix, names, [part or blank for part in parts])


def _read(prefix: str, names: tuple[str, ...], owners: Sequence[Any]) -> Columns:
    """Return ``prefix + column`` → values, for names such as ``ip`` or ``column=attribute``."""
    pairs = [(name.partition("=")[0], name.rpartition("=")[2]) for name in names]
    return {prefix + column: list(map(attrgetter(attribute), owners)) for column, attribute in pairs}


def _series(name: str, columns: Columns, *, text: bool = False) -> pl.Series:
    kind = "text" if text else _TYPES[name]
    values = columns.get(name)
    if values is None:
        return pl.Series(name, [None], dtype=DTYPES[kind]).new_from_index(0, len(columns["event.id"]))
    if kind == "texts" and any(values):
        return cast("pl.Series", pl.from_arrow(pa.array(values, type=_TEXTS))).rename(name)
    return pl.Series(name, values, dtype=DTYPES[kind])


def _written(events: Sequence[FastEvent]) -> pl.Series:
    for event in events:
        event.time = ""
    return cast("pl.Series", pl.from_arrow(pa.array(list(map(_WRITE, events)), type=pa.large_string())))


def _content(written: pl.Series) -> pl.Expr:
    until = pl.coalesce("destination.temporary.until", "grant.until").to_physical().cast(pl.String).fill_null("")
    time = pl.col("event.time").to_physical().cast(pl.String)
    return plh.concat_str(time, until, pl.lit(written), separator="|").chash.sha2_256()


def dtypes() -> dict[str, pl.DataType]:
    """Return name → type of the columns of ``EVENT``."""
    return {name: DTYPES[kind] for name, kind in _TYPES.items()}
