"""Structs to columns: the frame of `schemas.facts.EVENT` for a list of events.

Reading attributes into lists and handing those to Arrow costs half of writing the structs as JSON lines and reading
them again with a schema, and nothing can be understood in another way on the detour.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, TypeVar, cast

import msgspec
import polars as pl
import pyarrow as pa

from schemas.facts import EVENT, ColumnType
from streams.column_types import DTYPES, nulls
from streams.fast_events import (
    KINDS,
    AccessData,
    ActData,
    ActEvent,
    Actor,
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
    TransferData,
    TransferEvent,
)
from streams.times import parse_times

SLICE: Final = 1024
"""Events that are taken apart at once: as many as a processor's cache holds (`benchmarks.alternatives`)."""

_TYPES: Final = {column.name: column.type for column in EVENT}
_TIMES: Final = tuple(name for name, kind in _TYPES.items() if kind == "time")
_WRITE_INTO: Final = msgspec.json.Encoder(order="deterministic").encode_into
"""Details of acts are an object, whose keys have no order (RFC 8259): they are written sorted."""

Columns = dict[str, list[Any]]


class EventColumns:
    """Columns of events that come a slice at a time, in order.

    A slice that is read, taken apart and let go while it lies in the processor's cache costs two thirds of what a whole
    batch of structs costs, and the garbage collector has nothing to look through.
    """

    def __init__(self) -> None:
        self._count = 0
        self._pieces: dict[str, list[tuple[int, pl.Series]]] = {}
        self._lists: dict[str, TextLists] = {}
        self._text, self._ends = bytearray(), array("q", [0])

    def add(self, events: Sequence[FastEvent]) -> None:
        """Take over the next events. Their times are emptied on the way: they are not read again."""
        if not events:
            return
        for name, values in _columns(events).items():
            if _all_absent(values):
                continue
            if _TYPES[name] == "texts":
                self._lists.setdefault(name, TextLists()).add(self._count, values)
            else:
                self._pieces.setdefault(name, []).append((self._count, _piece(_TYPES[name], values)))
        for event in events:
            _WRITE_INTO(event, self._text, -1)
            self._ends.append(len(self._text))
        self._count += len(events)

    def frame(self) -> pl.DataFrame:
        """Return one row per event: the columns of ``EVENT`` in order, then three more.

        * ``event.content``: String, ``time|until|JSON``: both times in microseconds since 1970 (``until`` of a grant or
          a temporary copy, or nothing), and what else was read, compact, absent values left out. Two notations of one
          event have one content.
        * ``written``: UInt32, length of that JSON in bytes.
        * ``in_doubt``: Boolean, a time is of a form that only the contract can read, or wrong.
        """
        series = {name: self._whole(name) for name in _TYPES}
        # No event lacks its time, so one that could not be read is a doubt; the other times may be absent.
        doubt = pl.repeat(False, self._count, eager=True)
        for name in _TIMES:
            if name in self._pieces:
                told = series[name].is_not_null()
                series[name] = parse_times(series[name])
                doubt |= told & series[name].is_null()
        written = self._written()
        return pl.DataFrame(list(series.values())).with_columns(
            _content(written).alias("event.content"),
            written.str.len_bytes().alias("written"),
            doubt.alias("in_doubt"),
        )

    def _whole(self, name: str) -> pl.Series:
        """Return the pieces of a column as one series; what comes before, between and behind them was absent."""
        dtype = DTYPES[_TYPES[name]]
        if name in self._lists:
            return self._lists[name].series(self._count).rename(name)
        pieces = self._pieces.get(name)
        if pieces is None:
            return nulls(name, dtype, self._count)
        parts: list[pl.Series] = []
        end = 0
        for begin, piece in [*pieces, (self._count, pieces[0][1].clear())]:
            if begin > end:
                parts.append(nulls(piece.name, piece.dtype, begin - end))
            parts.append(piece)
            end = begin + len(piece)
        return pl.concat(parts, rechunk=True).rename(name)

    def _written(self) -> pl.Series:
        """Return each event as compact JSON, made of the one buffer they are in without a copy each."""
        column = pa.LargeStringArray.from_buffers(self._count, pa.py_buffer(self._ends), pa.py_buffer(self._text))
        return cast("pl.Series", pl.from_arrow(column))


class TextLists:
    """A column of lists of texts that comes a slice at a time; null and empty lists are told apart.

    Arrow would take the lists as they are, but loads pandas before it does: a third of a second and 40 MB, for nothing.
    Polars by itself takes thirty times as long.
    """

    def __init__(self) -> None:
        self._lengths: list[int | None] = []
        self._texts: list[pl.Series] = []

    def add(self, begin: int, values: list[list[str] | None]) -> None:
        """Take over the lists of a slice that begins with event ``begin``; those of events left out are absent."""
        self._fill(begin)
        self._lengths += [None if texts is None else len(texts) for texts in values]
        self._texts.append(pl.Series(list(chain.from_iterable(filter(None, values))), dtype=pl.String))

    def series(self, count: int) -> pl.Series:
        """Return the column for ``count`` events."""
        self._fill(count)
        lengths = pl.Series(self._lengths, dtype=pl.Int64)
        ends = pl.concat([pl.Series([0], dtype=pl.Int64), lengths.fill_null(0).cum_sum()], rechunk=True)
        texts = pl.concat(self._texts, rechunk=True).to_arrow(compat_level=pl.CompatLevel.oldest())
        lists = pa.LargeListArray.from_arrays(ends.to_arrow(), texts, mask=lengths.is_null().to_arrow())
        return cast("pl.Series", pl.from_arrow(lists))

    def _fill(self, end: int) -> None:
        self._lengths += [None] * (end - len(self._lengths))


def event_frame(events: Sequence[FastEvent]) -> pl.DataFrame:
    """Return `EventColumns.frame` of events that are all there already; their times are emptied."""
    columns = EventColumns()
    for begin in range(0, len(events), SLICE):
        columns.add(events[begin : begin + SLICE])
    return columns.frame()


def _columns(events: Sequence[FastEvent]) -> Columns:
    """Read all attributes, and empty the times; a name that is missing in the answer is absent in every event.

    One comprehension for each attribute: that is the fastest the interpreter can read it, and half of decoding is this.
    """
    kinds = [event.__class__ for event in events]
    datas: list[Any] = [event.data for event in events]
    columns: Columns = {
        "event.kind": list(map(KINDS.__getitem__, kinds)),
        "event.id": [event.id for event in events],
        "event.source": [event.source for event in events],
        "event.time": [event.time for event in events],
        **_actors([data.actor for data in datas]),
    }
    present = set(kinds)
    if ActEvent in present:
        columns |= _acts([data if data.__class__ is ActData else _NO_ACT for data in datas])
        datas = [_NO_WORK if data.__class__ is ActData else data for data in datas]
    columns |= _work(datas)
    if TransferEvent in present:
        columns |= _destinations([data.destination if data.__class__ is TransferData else _NOWHERE for data in datas])
    if GrantEvent in present:
        columns |= _grants([data if data.__class__ is GrantData else _NO_GRANT for data in datas])
    for event in events:
        event.time = ""
    return columns


def _actors(actors: list[Actor]) -> Columns:
    columns: Columns = {
        "actor.issuer": [actor.issuer for actor in actors],
        "actor.subject": [actor.subject for actor in actors],
        "actor.kind": [actor.kind for actor in actors],
        "actor.role": [actor.role for actor in actors],
        "actor.party": [actor.party for actor in actors],
    }
    if others := _parts([actor.on_behalf_of for actor in actors], _NOBODY):
        columns["actor.on_behalf_of.issuer"] = [other.issuer for other in others]
        columns["actor.on_behalf_of.subject"] = [other.subject for other in others]
        columns["actor.on_behalf_of.party"] = [other.party for other in others]
    return columns


def _work(datas: list[AccessData]) -> Columns:
    """Read what access, transfer and grant have in common."""
    assets = [data.asset for data in datas]
    columns: Columns = {
        "asset.claimed_id": [asset.id for asset in assets],
        "asset.locator": [asset.locator for asset in assets],
        "asset.region": [asset.region for asset in assets],
        "action": [data.action for data in datas],
        "operation": [data.operation for data in datas],
        "outcome": [data.outcome for data in datas],
        "purpose": [data.purpose for data in datas],
        "ticket": [data.ticket for data in datas],
        "approval": [data.approval for data in datas],
    }
    if origins := _parts([data.origin for data in datas], _NO_ORIGIN):
        columns["origin.ip"] = [origin.ip for origin in origins]
        columns["origin.country"] = [origin.country for origin in origins]
    if records := _parts([data.records for data in datas], _NO_RECORDS):
        columns["records.count"] = [record.count for record in records]
        columns["records.fields"] = [record.fields for record in records]
        columns["records.users"] = [record.users for record in records]
    if exposures := _parts([data.exposure for data in datas], _NO_EXPOSURE):
        columns["exposure.to"] = [_exposed_to(exposure) for exposure in exposures]
        columns["exposure.party"] = [exposure.party for exposure in exposures]
        columns["exposure.country"] = [exposure.country for exposure in exposures]
        columns["exposure.system"] = [exposure.system for exposure in exposures]
    return columns


def _exposed_to(exposure: Exposure) -> str | None:
    """Return what `schemas.events.Exposure.exposed_to` says; None where nothing is exposed."""
    if exposure is _NO_EXPOSURE:
        return None
    return exposure.to or ("unknown" if exposure.system is None else "government")


def _destinations(ends: list[Destination]) -> Columns:
    columns: Columns = {
        "destination.claimed_asset": [end.asset for end in ends],
        "destination.locator": [end.locator for end in ends],
        "destination.region": [end.region for end in ends],
        "destination.claimed_party": [end.party for end in ends],
        "destination.claimed_country": [end.country for end in ends],
        "destination.protocol": [end.protocol for end in ends],
        "destination.encrypted": [end.encrypted for end in ends],
        "destination.bytes": [end.bytes for end in ends],
        "destination.persistence": [end.persistence for end in ends],
    }
    if stays := _parts([end.temporary for end in ends], _NO_STAY):
        columns["destination.temporary.until"] = [stay.until for stay in stays]
        columns["destination.temporary.purpose"] = [stay.purpose for stay in stays]
        for stay in stays:
            stay.until = None
    return columns


def _grants(datas: list[GrantData]) -> Columns:
    grantees = [data.grantee for data in datas]
    columns: Columns = {
        "grantee.issuer": [grantee.issuer for grantee in grantees],
        "grantee.subject": [grantee.subject for grantee in grantees],
        "grantee.party": [grantee.party for grantee in grantees],
        "grant.change": [data.change for data in datas],
        "grant.privileges": [data.privileges for data in datas],
        "grant.until": [data.until for data in datas],
    }
    for data in datas:
        data.until = None
    return columns


def _acts(datas: list[ActData]) -> Columns:
    return {"act.kind": [data.kind for data in datas], "act.subject": [data.subject for data in datas]}


_ABSENT: Final[Any] = None
_NOBODY: Final = Principal()
_NO_ORIGIN: Final = Origin()
_NO_RECORDS: Final = Records()
_NO_EXPOSURE: Final = Exposure()
_NO_STAY: Final = Temporary()
_NOWHERE: Final = Destination()
_NO_WORK: Final = AccessData(actor=_ABSENT, asset=AssetRef(), action=_ABSENT)
_NO_GRANT: Final = GrantData(actor=_ABSENT, asset=_ABSENT, action=_ABSENT, grantee=_NOBODY, change=_ABSENT)
_NO_ACT: Final = ActData(actor=_ABSENT, kind=_ABSENT)

_P = TypeVar("_P")


def _parts(found: list[_P | None], blank: _P) -> list[_P]:
    """Return a part that events may lack, ``blank`` where they do; nothing if no event has it."""
    return [part or blank for part in found] if any(found) else []


def _all_absent(values: list[Any]) -> bool:
    # Only a column that begins with nothing is counted through: to compare a text with nothing is what costs.
    return values[0] is None and values.count(None) == len(values)


def _piece(kind: ColumnType, values: list[Any]) -> pl.Series:
    """Return what one slice says of a column; times as their text."""
    return pl.Series(values, dtype=pl.String() if kind == "time" else DTYPES[kind])


def _content(written: pl.Series) -> pl.Expr:
    until = pl.coalesce("destination.temporary.until", "grant.until").to_physical().cast(pl.String).fill_null("")
    time = pl.col("event.time").to_physical().cast(pl.String)
    return pl.concat_str(time, until, pl.lit(written), separator="|")
