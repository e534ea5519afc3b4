"""Decoding in the baseline: one message at a time, pydantic into a flat dict of the columns that the event has.

Absent values are left out of the dict. What is kept of an event beside its columns is what `streams.decode` keeps: its
content.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter

from schemas.events import ActEvent, Actor, Data, Destination, Event, GrantEvent, TransferEvent

Row = dict[str, Any]

_READ: Final = TypeAdapter[Any](Event).validate_json
_WRITE: Final = msgspec.json.Encoder().encode
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


def read(message: bytes) -> tuple[Row, str]:
    """Return the columns that an event has, and its content.

    Raises:
        pydantic.ValidationError: the message is no event; the benchmark's are.
    """
    event = _READ(message)
    row = _columns(event)
    return row, _content(event, row)


def _columns(event: Any) -> Row:
    data = event.data
    row: Row = {"event.id": event.id, "event.source": event.source, "event.time": event.time}
    _add_actor(row, data.actor)
    if isinstance(event, ActEvent):
        row |= {"event.kind": "act", "act.kind": data.kind, "act.subject": data.subject}
        return _present(row)
    _add_work(row, data)
    row["event.kind"] = "access"
    if isinstance(event, TransferEvent):
        row["event.kind"] = "transfer"
        _add_destination(row, data.destination)
    elif isinstance(event, GrantEvent):
        row["event.kind"] = "grant"
        row["grantee.issuer"] = data.grantee.issuer
        row["grantee.subject"] = data.grantee.subject
        row["grantee.party"] = data.grantee.party
        row["grant.change"] = data.change
        row["grant.privileges"] = data.privileges
        row["grant.until"] = data.until
    return _present(row)


def _add_actor(row: Row, actor: Actor) -> None:
    row["actor.issuer"] = actor.issuer
    row["actor.subject"] = actor.subject
    row["actor.kind"] = actor.kind
    row["actor.role"] = actor.role
    row["actor.party"] = actor.party
    if other := actor.on_behalf_of:
        row["actor.on_behalf_of.issuer"] = other.issuer
        row["actor.on_behalf_of.subject"] = other.subject
        row["actor.on_behalf_of.party"] = other.party


def _add_work(row: Row, data: Data) -> None:
    row["asset.claimed_id"] = data.asset.id
    row["asset.locator"] = data.asset.locator
    row["asset.region"] = data.asset.region
    row["action"] = data.action
    row["operation"] = data.operation
    row["outcome"] = data.outcome
    row["purpose"] = data.purpose
    row["ticket"] = data.ticket
    row["approval"] = data.approval
    if origin := data.origin:
        row["origin.ip"] = origin.ip
        row["origin.country"] = origin.country
    if records := data.records:
        row["records.count"] = records.count
        row["records.fields"] = records.fields
        row["records.users"] = records.users
    if exposure := data.exposure:
        row["exposure.to"] = exposure.exposed_to
        row["exposure.party"] = exposure.party
        row["exposure.country"] = exposure.country
        row["exposure.system"] = exposure.system


def _add_destination(row: Row, end: Destination) -> None:
    row["destination.claimed_asset"] = end.asset
    row["destination.locator"] = end.locator
    row["destination.region"] = end.region
    row["destination.claimed_party"] = end.party
    row["destination.claimed_country"] = end.country
    row["destination.protocol"] = end.protocol
    row["destination.encrypted"] = end.encrypted
    row["destination.bytes"] = end.bytes
    row["destination.persistence"] = end.persistence
    if stay := end.temporary:
        row["destination.temporary.until"] = stay.until
        row["destination.temporary.purpose"] = stay.purpose


def _present(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _content(event: Any, row: Row) -> str:
    """Return what was read as one text, as `streams.event_columns` says it."""
    data = event.data.model_dump(exclude_none=True)
    data.pop("until", None)
    if stay := data.get("destination", {}).get("temporary"):
        stay.pop("until", None)
    if details := data.get("details"):
        data["details"] = dict(sorted(details.items()))
    whole = {"type": event.type, "specversion": event.specversion, "id": event.id, "source": event.source, "time": ""}
    if event.subject is not None:
        whole["subject"] = event.subject
    body = _WRITE({**whole, "data": data})
    until = row.get("destination.temporary.until", row.get("grant.until"))
    ends = "" if until is None else _microseconds(until)
    return f"{_microseconds(event.time)}|{ends}|{body.decode()}"


def _microseconds(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
