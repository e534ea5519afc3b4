"""What the store keeps of one flagged event: its finding, its record, and what lies outside the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.errors import EvidenceError, Place, UsageError
from schemas.facts import COLUMNS
from schemas.records import COMMITTED
from services.flags import KEY
from services.store import Store, statement
from streams.merkle import leaf_hash

_LISTS: Final = tuple(name for name, column in COLUMNS.items() if column.type == "texts")


@dataclass(frozen=True, slots=True)
class Kept:
    """One event of a flag, as far as it is still kept.

    Attributes:
        finding: the finding, ``facts`` among it as the columns that the rule read.
        event: columns of the event's record.
        range: the range that vouches for the record.
        values: values outside the record that are kept, by column.
        erased: columns under a clock that has been erased.
        raw: the message; None if it has been erased.
    """

    finding: Mapping[str, Any]
    event: Mapping[str, Any]
    range: Mapping[str, Any]
    values: Mapping[str, Any]
    erased: tuple[str, ...]
    raw: bytes | None

    @property
    def where(self) -> Place:
        """The event's position."""
        return Place(self.finding["position.source"], position=self.finding["position.offset"])


def kept(store: Store, flag: Mapping[str, Any], number: int) -> Kept:
    """Return the ``number``-th event of a flag, in the order of events' times, from 1.

    Raises:
        UsageError: the flag has fewer events.
        EvidenceError: a record is not the one that its leaf hash was made of, or is missing.
    """
    parameters = {name: flag[name] or "" for name in KEY}
    found = store.rows(statement("flag_event"), {**parameters, "before": number - 1})
    if not found:
        raise UsageError(f"the flag has no event {number}", why=f"it has {flag['events']}", todo="see --event")
    finding = {**found[0], "facts": json.loads(found[0]["facts"])}
    place = {name: finding[f"position.{name}"] for name in ("source", "partition", "offset", "part")}
    where = Place(place["source"], position=place["offset"])
    _check_leaf(finding, "the finding", where)
    events = store.rows(statement("event_at"), place)
    if not events:
        raise EvidenceError("the flagged event is missing", where=where, todo="compare with a backup")
    _check_leaf(events[0], "the record", where)
    return _with_values(store, finding, events[0])


def _with_values(store: Store, finding: Mapping[str, Any], event: Mapping[str, Any]) -> Kept:
    """Add the range, and what is kept outside the record."""
    at = {"range": event["range_id"], "offset": event["position.offset"], "part": event["position.part"]}
    (of,) = store.rows("SELECT * FROM ranges WHERE id = {range:String}", at)
    here = "range_id = {range:String} AND `position.offset` = {offset:UInt64}"
    values: dict[str, Any] = {}
    erased: list[str] = []
    for clock in ("short", "long"):
        names = [name for name, its_clock in COMMITTED.items() if its_clock == clock and name != "raw"]
        sql = f"SELECT * FROM personal_{clock}_rows WHERE {here} AND `position.part` = {{part:UInt32}}"  # noqa: S608
        rows = store.rows(sql, at)
        values |= {name: _value(name, rows[0][name]) for name in names} if rows else {}
        erased += names if not rows else []
    messages = store.rows(
        f"SELECT raw FROM personal_short_rows WHERE {here} AND raw != '' ORDER BY `position.part` LIMIT 1",  # noqa: S608
        at,
    )
    raw = messages[0]["raw"].encode() if messages else None
    return Kept(finding, {name: _value(name, event[name]) for name in event}, of, values, tuple(erased), raw)


def _value(name: str, stored: Any) -> Any:
    """Return a value as frames have it: what is empty in the store is absent; long lists are kept as JSON."""
    if name in _LISTS and isinstance(stored, str):
        return json.loads(stored) if stored else None
    return None if stored in ("", []) else stored


def _check_leaf(row: Mapping[str, Any], what: str, where: Place) -> None:
    """Check that a record is the one that its leaf hash was made of (RFC 6962 §2.1)."""
    if leaf_hash(row["record"].encode()).hex() != row["leaf_hash"]:
        raise EvidenceError(
            f"{what} is not what was recorded", where=where, why="its bytes and its leaf hash disagree",
            todo="compare with a backup, and with the checkpoints that others hold",
        )  # fmt: skip
