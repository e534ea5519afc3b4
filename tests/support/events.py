"""Messages for tests: valid events in many notations, broken ones, and what the contract alone says of them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas import events
from schemas.facts import EVENT
from streams.batch import Oversize, RawBatch

CONTRACT: TypeAdapter[Any] = TypeAdapter(events.Event)

KINDS = {events.ACCESS: "access", events.TRANSFER: "transfer", events.GRANT: "grant", events.ACT: "act"}


def event(kind: str = events.ACCESS, **data: Any) -> dict[str, Any]:
    """Return a small valid event as plain data; ``data`` replaces or adds keys of its data."""
    whole: dict[str, Any] = {"actor": {"issuer": "idp", "subject": "u1"}, "asset": {"id": "crm-db"}, "action": "read"}
    if kind == events.TRANSFER:
        whole["destination"] = {"country": "SG"}
    if kind == events.GRANT:
        whole |= {"grantee": {"subject": "u2"}, "change": "given"}
    if kind == events.ACT:
        whole = {"actor": {"subject": "u1"}, "kind": "register_loaded"}
    return {
        "specversion": "1.0", "id": "e1", "source": "//crm", "type": kind, "time": "2026-11-01T09:00:00+09:00",
        "data": whole | data,
    }  # fmt: skip


def message(kind: str = events.ACCESS, **data: Any) -> bytes:
    """Return `event` as JSON bytes."""
    return json.dumps(event(kind, **data)).encode()


def batch(messages: list[bytes], format_name: str = "native", oversize: list[Oversize] | None = None) -> RawBatch:
    """Return messages as lines of one source, from offset 0."""
    offsets = list(range(len(messages)))
    lines = [offset + 1 for offset in offsets]
    large = oversize or []
    last = max([len(messages) - 1, *(one.offset for one in large)])
    return RawBatch("file:test#0", 0, format_name, offsets, messages, 0, last, lines, large)


def contract_row(raw: bytes) -> dict[str, Any] | None:
    """Return what the contract alone reads from a message, by column; None if it refuses the message."""
    if len(raw) > events.MAX_MESSAGE_BYTES:
        return None
    try:
        found = CONTRACT.validate_json(raw)
    except ValidationError:
        return None
    special: dict[str, Any] = {"event.kind": KINDS[found.type]}
    return {column.name: special.get(column.name, _value(found, column.name)) for column in EVENT}


_PATHS = {
    "asset.claimed_id": "asset.id",
    "exposure.to": "exposure.exposed_to",
    "destination.claimed_asset": "destination.asset",
    "destination.claimed_party": "destination.party",
    "destination.claimed_country": "destination.country",
    "grant.change": "change",
    "grant.privileges": "privileges",
    "grant.until": "until",
    "act.kind": "kind",
    "act.subject": "subject",
}


def _value(found: Any, column: str) -> Any:
    holder = found.data
    if column.startswith("event."):
        holder, column = found, column.removeprefix("event.")
    elif column.startswith("act.") and found.type != events.ACT:
        return None
    for name in _PATHS.get(column, column).split("."):
        holder = getattr(holder, name, None)
    return holder


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: st.none() | field for name, field in fields.items()})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
COUNTRIES = st.sampled_from(["JP", "SG", "US", "ZZ"])
COUNTS = st.integers(0, 2**63 - 1)
TEXTS = st.lists(TEXT, max_size=4)


@st.composite
def times(draw: st.DrawFn) -> str:
    """Draw an RFC 3339 time in any notation that the contract reads."""
    moment = draw(st.datetimes(min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 29)))  # noqa: DTZ001
    text = moment.replace(microsecond=0).isoformat()
    digits = draw(st.text("0123456789", max_size=15))
    minutes = draw(st.integers(-1439, 1439))
    zone = draw(st.sampled_from(["Z", "z", "+00:00", "-00:00", "+09:00"])) if draw(st.booleans()) else _offset(minutes)
    joint = draw(st.sampled_from("TTTTt"))
    return text.replace("T", joint) + (f".{digits}" if digits else "") + zone


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


_PRINCIPAL = {"issuer": TEXT, "subject": TEXT, "party": TEXT}
_ACTOR = _optional(
    **_PRINCIPAL, kind=st.sampled_from(["person", "service", "shared", "unknown"]), role=TEXT,
    on_behalf_of=_optional(**_PRINCIPAL),
)  # fmt: skip
_COMMON: dict[str, st.SearchStrategy[Any]] = {
    "origin": _optional(ip=st.just("192.0.2.1"), country=COUNTRIES),
    "operation": TEXT,
    "outcome": st.sampled_from(["success", "denied", "failure"]),
    "records": _optional(count=COUNTS, fields=TEXTS, users=TEXTS),
    "purpose": TEXT,
    "ticket": TEXT,
    "approval": TEXTS,
    "exposure": _optional(
        to=st.sampled_from(["named_party", "any_account", "public", "government", "unknown"]), party=TEXT, country=COUNTRIES,
        system=TEXT,
    ),
}  # fmt: skip
_REQUIRED = {
    "actor": _ACTOR,
    "asset": _optional(id=TEXT, locator=TEXT, region=TEXT),
    "action": st.sampled_from(["read", "export", "copy", "trail_stop"]),
}
_DESTINATION = _optional(
    asset=TEXT, locator=TEXT, region=TEXT, party=TEXT, country=COUNTRIES, protocol=TEXT, encrypted=st.booleans(),
    bytes=COUNTS, persistence=st.sampled_from(["stored", "transit", "memory"]),
    temporary=_optional(until=times(), purpose=TEXT),
)  # fmt: skip


def _data(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    nullable = {name: st.none() | field for name, field in optional.items()}
    return st.fixed_dictionaries(required, optional=nullable)


_DATA = {
    events.ACCESS: _data(_REQUIRED, _COMMON),
    events.TRANSFER: _data({**_REQUIRED, "destination": _DESTINATION}, _COMMON),
    events.GRANT: _data(
        {**_REQUIRED, "grantee": _optional(**_PRINCIPAL), "change": st.sampled_from(["given", "changed", "revoked"])},
        {**_COMMON, "privileges": TEXTS, "until": times()},
    ),
    events.ACT: _data(
        {"actor": _ACTOR, "kind": st.sampled_from(["evidence_read", "erasure"])},
        {"subject": TEXT, "why": TEXT, "details": st.dictionaries(TEXT, TEXT, max_size=3)},
    ),
}


@st.composite
def valid_events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an event that the contract reads."""
    kind = draw(st.sampled_from(sorted(_DATA)))
    return {
        "specversion": "1.0", "id": draw(TEXT), "source": draw(TEXT), "type": kind, "time": draw(times()),
        "data": draw(_DATA[kind]),
    }  # fmt: skip


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(["", "x" * 300, "JPN", "jp", "JP\n", "\x00", "2026-11-01T09:00:00", "2026-02-30T00:00:00Z",
                     "2026-11-01T24:00:00Z", "2026-11-01T23:59:60Z", "0001-01-01T00:00:00+09:00", "io.ashiato.x.v1"]),
    st.sampled_from([[], {}, [1], {"a": None}, ["x"] * 3, [None]]),
)  # fmt: skip


@st.composite
def odd_events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an event with one value replaced, one key removed, or one key added, anywhere."""
    whole: dict[str, Any] = json.loads(json.dumps(draw(valid_events())))
    holder = whole
    while draw(st.booleans()):
        inner: list[dict[str, Any]] = [value for value in holder.values() if isinstance(value, dict)]
        holder = draw(st.sampled_from([*inner, holder]))
    key = draw(st.sampled_from([*holder, "records", "until", "unknown", "temporary", "datacontenttype"]))
    if draw(st.booleans()) and key in holder:
        del holder[key]
    else:
        holder[key] = draw(ODD_VALUES)
    return whole


@st.composite
def written(draw: st.DrawFn, what: dict[str, Any]) -> bytes:
    """Draw a notation of ``what`` as JSON, perhaps with some bytes changed."""
    text = json.dumps(
        what, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, None, 1])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])),
    )  # fmt: skip
    if draw(st.integers(0, 4)) == 0:  # a key twice: the last counts
        text = text[:-1].rstrip() + "," + json.dumps({draw(st.sampled_from(["id", "data", "type", "x"])): 1})[1:]
    raw = text.encode("utf-8", "surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(max_size=3)) + raw[place + draw(st.integers(0, 3)) :]
    return raw


MESSAGES = (valid_events() | odd_events()).flatmap(written) | st.binary(max_size=40)
"""Valid, odd and broken messages."""
