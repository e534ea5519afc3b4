"""AWS CloudTrail: one record, or ``{"Records": […]}`` with several, becomes events.

A record becomes one event; more where it names several assets, exposes to several parties, gives several rights or
sends to several places. Their ids are the record's ``eventID``, then ``<eventID>#1`` and so on, in the record's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from schemas.errors import MessageError
from schemas.events import parse_time
from streams.adapt.cloudtrail.actions import action_of, outcome_of
from streams.adapt.cloudtrail.actors import actor_of
from streams.adapt.cloudtrail.assets import locators_of
from streams.adapt.cloudtrail.exposures import exposures_of
from streams.adapt.cloudtrail.facets import PUBLIC, Facet, Right, Sent
from streams.adapt.cloudtrail.record import Record, opened_by, region_of
from streams.adapt.cloudtrail.rights import opened_by_role, rights_of
from streams.adapt.cloudtrail.transfers import transfers_of
from streams.adapt.contract import MAX_EVENTS, Refused, address, text
from streams.fast_events import (
    AccessData,
    AccessEvent,
    AssetRef,
    Exposure,
    FastEvent,
    GrantData,
    GrantEvent,
    Origin,
    TransferData,
    TransferEvent,
)
from streams.times import canonical
from streams.verdicts import check_json, field_error, may_be_deep, time_reason


class _Wrapper(msgspec.Struct):
    Records: list[msgspec.Raw]


_RECORD: Final = msgspec.json.Decoder(Record).decode
_WRAPPER: Final = msgspec.json.Decoder(_Wrapper).decode
_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_REFUSALS: Final = (MessageError, msgspec.MsgspecError, UnicodeError, RecursionError)


def is_cloudtrail(message: bytes) -> bool:
    """Return whether ``message`` looks like a CloudTrail record or a wrapper of records."""
    try:
        if may_be_deep(message):
            check_json(message)
        keys = _KEYS(message)
    except _REFUSALS:
        return False
    return keys.keys() >= {"eventSource", "eventName", "eventTime"} or (
        "Records" in keys and bytes(keys["Records"]).startswith(b"[")
    )


def adapt_cloudtrail(message: bytes, line: int | None) -> Sequence[FastEvent | Refused]:
    """Return the events of one record, or of a wrapper of records.

    Raises:
        MessageError: the message is no JSON text, or no record; in a wrapper only the record in question is refused.
    """
    records = _records(message, line)
    if records is None:
        return _limited(_events(_decoded(message, line), line), line)
    found: list[FastEvent | Refused] = []
    for raw in records:
        try:
            found += _events(_decoded(raw, line), line)
        except MessageError as error:
            found.append(Refused(error, raw))
    return _limited(found, line)


def _limited(found: Sequence[FastEvent | Refused], line: int | None) -> Sequence[FastEvent | Refused]:
    if len(found) > MAX_EVENTS:
        raise field_error("too-many-events", "the message", f"holds {len(found):,} events; {MAX_EVENTS:,} fit", line)
    return found


def _records(message: bytes, line: int | None) -> list[bytes] | None:
    """Return the records of a wrapper, or None if the message is none."""
    if b'"Records"' not in message:
        return None
    check_json(message, line)
    try:
        return [bytes(raw) for raw in _WRAPPER(message).Records]
    except _REFUSALS:
        return None


def _decoded(message: bytes, line: int | None) -> Record:
    if may_be_deep(message):
        check_json(message, line)
    try:
        record = _RECORD(message)
    except _REFUSALS as error:
        check_json(message, line)
        if isinstance(error, msgspec.ValidationError):
            raise field_error("wrong-type", "the message", "must be an object", line) from None
        raise field_error("not-a-number", "the record", "holds NaN or an infinite number", line) from None
    for name, value in (("eventID", record.event_id), ("eventTime", record.event_time)):
        _must_be_text(name, value, line)
    if isinstance(record.insight, dict):
        record.event_source = record.event_source or record.insight.get("eventSource")
        record.event_name = record.event_name or record.insight.get("eventName")
    for name, value in (("eventSource", record.event_source), ("eventName", record.event_name)):
        _must_be_text(name, value, line)
    return record


def _must_be_text(name: str, value: Any, line: int | None) -> None:
    if value is None:
        raise field_error("missing-field", name, "is required and absent", line)
    if not isinstance(value, str):
        raise field_error("wrong-type", name, "must be a text", line)
    if text(value, 200) is None:
        raise field_error("too-long" if value else "too-short", name, "must have 1 to 200 characters", line)


def _events(record: Record, line: int | None) -> list[FastEvent]:
    time = _time(record, line)
    source = f"aws:cloudtrail:{record.account}"[:256] if record.account else "aws:cloudtrail"
    events = [_event(record, facet, locator) for facet, locator in islice(_pairs(record), MAX_EVENTS + 1)]
    for number, event in enumerate(events):
        event.id = f"{record.event_id}#{number}" if number else record.event_id
        event.source, event.time = source, time
    return events


def _time(record: Record, line: int | None) -> str:
    try:
        return canonical(parse_time(record.event_time))
    except ValueError:
        says = "must be an RFC 3339 time with a zone, such as 2026-11-01T00:00:00Z"
        raise field_error(time_reason(record.event_time), "eventTime", says, line) from None


def _pairs(record: Record) -> Iterator[tuple[Facet | None, str]]:
    """Yield what one record says, one event each: every facet of every asset."""
    exposures = exposures_of(record)
    rights = [right for right in rights_of(record) if right not in exposures]
    facets: list[Facet | None] = [*exposures, *rights, *transfers_of(record)]
    locators = locators_of(record)
    for facet in facets or [None]:
        for locator in _elsewhere(record, facet) or locators:
            yield facet, locator


def _elsewhere(record: Record, facet: Facet | None) -> Sequence[str]:
    """Return what a facet is about, if that is not what the record names."""
    if isinstance(facet, Sent):
        return [facet.locator] if facet.locator else []
    if isinstance(facet, Exposure):
        # Who may do what is in IAM, not the data: what is shared there, is whatever the role opens, or unknown.
        return opened_by_role(record) or [opened_by(record.arn("*", region=""))] if record.service == "iam" else ()
    return facet.locators if isinstance(facet, Right) else ()


def _event(record: Record, facet: Facet | None, locator: str) -> FastEvent:
    """Return one event without id, source and time."""
    region = text(record.region)
    if isinstance(facet, Sent) and facet.locator:
        region = facet.region
    elif _elsewhere(record, facet):
        region = text(region_of(locator))
    common: dict[str, Any] = {
        "actor": actor_of(record),
        "origin": _origin(record),
        "asset": AssetRef(locator=locator, region=region),
        "action": "share" if isinstance(facet, Exposure) else "copy" if isinstance(facet, Sent) else action_of(record),
        "operation": text(f"{record.event_source}:{record.event_name}"),
        "outcome": outcome_of(record),
    }
    if isinstance(facet, Right):
        privileges = list(facet.privileges) or None
        data = GrantData(**common, grantee=facet.grantee, change=facet.change, privileges=privileges)
        return GrantEvent(specversion="1.0", id="", source="", time="", data=data)
    if isinstance(facet, Sent):
        return TransferEvent(
            specversion="1.0",
            id="",
            source="",
            time="",
            data=TransferData(**common, destination=facet.destination, exposure=facet.exposure),
        )
    # Answered without anybody having signed, so anyone could come to know it.
    exposure = facet if isinstance(facet, Exposure) else PUBLIC if record.anonymous else None
    return AccessEvent(specversion="1.0", id="", source="", time="", data=AccessData(**common, exposure=exposure))


def _origin(record: Record) -> Origin | None:
    ip = address(record.ip)
    return Origin(ip=ip) if ip else None
