import datetime as dt
from typing import Any

import msgspec
import polars as pl
import pytest

from schemas.events import ACT, GRANT, TRANSFER
from schemas.facts import EVENT
from streams.column_types import dtypes
from streams.event_columns import event_frame
from streams.fast_events import FastEvent
from tests.support.events import message

READ = msgspec.json.Decoder(FastEvent).decode


def _frame(*messages: bytes) -> pl.DataFrame:
    return event_frame([READ(one) for one in messages])


def test_the_columns_are_those_of_the_catalogue_in_order_and_type() -> None:
    frame = _frame(message(), message(TRANSFER), message(GRANT), message(ACT))

    assert frame.columns[: len(EVENT)] == [column.name for column in EVENT]
    names = [column.name for column in EVENT]
    assert dict(frame.select(names).schema) == dtypes(names)


def test_no_events_give_an_empty_frame_of_the_same_columns() -> None:
    assert _frame().schema == _frame(message()).schema
    assert _frame().height == 0


def test_absent_is_null_and_an_empty_list_is_not() -> None:
    frame = _frame(message(), message(records={"fields": []}), message(records={"fields": ["a", "b"]}))

    assert frame["records.fields"].to_list() == [None, [], ["a", "b"]]
    assert frame["origin.country"].to_list() == [None, None, None]


def test_an_empty_list_alone_is_kept_too() -> None:
    assert _frame(message(records={"fields": []}))["records.fields"].to_list() == [[]]


def test_kinds_share_a_frame_and_lack_what_is_not_theirs() -> None:
    frame = _frame(message(TRANSFER), message(GRANT, until="2026-12-01T00:00:00Z"), message(ACT, subject="v1"))

    assert frame["event.kind"].to_list() == ["transfer", "grant", "act"]
    assert frame["destination.claimed_country"].to_list() == ["SG", None, None]
    assert frame["grant.until"].to_list() == [None, dt.datetime(2026, 12, 1, tzinfo=dt.UTC), None]
    assert frame["grant.change"].to_list() == [None, "given", None]
    assert frame["act.subject"].to_list() == [None, None, "v1"]
    assert frame["action"].to_list() == ["read", "read", None]


def test_the_content_is_the_times_and_what_was_read() -> None:
    frame = _frame(message())

    body = b'{"type":"io.ashiato.access.v1","specversion":"1.0","id":"e1","source":"//crm","time":"","data":{"actor":{"issuer":"idp","subject":"u1"},"asset":{"id":"crm-db"},"action":"read"}}'
    assert frame["event.content"][0] == f"1793491200000000||{body.decode()}"
    assert frame["written"][0] == len(body)


def test_two_notations_of_one_event_have_one_content() -> None:
    plain = message(TRANSFER, destination={"country": "SG", "temporary": {"until": "2026-11-02T00:00:00Z"}})
    other = message(
        TRANSFER,
        origin=None,
        destination={"temporary": {"until": "2026-11-02T09:00:00.000+09:00"}, "country": "SG"},
        x=1,
    )

    contents = _frame(plain, other.replace(b"2026-11-01T09:00:00+09:00", b"2026-11-01T00:00:00.0000001Z"))[
        "event.content"
    ]

    assert contents[0] == contents[1]


def test_the_order_of_details_is_no_content() -> None:
    one = message(ACT, details={"policy": "v1", "by": "legal"})
    contents = _frame(one, message(ACT, details={"by": "legal", "policy": "v1"}))["event.content"]

    assert contents[0] == contents[1]
    assert one.index(b"policy") < one.index(b"legal")


def test_each_value_and_each_time_changes_the_content() -> None:
    events = [
        message(),
        message(records={"count": 1}),
        message(records={"fields": []}),
        message(origin={}),
        message().replace(b"09:00:00+", b"09:00:01+"),
        message(GRANT),
        message(GRANT, until="2026-11-02T00:00:00Z"),
        message(GRANT, until="2026-11-02T00:00:01Z"),
    ]

    assert _frame(*events)["event.content"].n_unique() == len(events)


def test_a_time_that_only_the_contract_can_read_is_in_doubt() -> None:
    rare = message().replace(b"T09", b"t09")
    until = message(GRANT, until="tomorrow")
    stay = message(TRANSFER, destination={"temporary": {"until": "soon"}})

    assert _frame(message(), rare, until, stay, message(GRANT))["in_doubt"].to_list() == [
        False,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("exposure", "to"),
    [
        ({}, "unknown"),
        ({"country": "KP"}, "unknown"),
        ({"party": "acme"}, "unknown"),
        ({"system": "CLOUD Act"}, "government"),
        ({"to": None, "system": "CLOUD Act"}, "government"),
        ({"to": "named_party", "system": "CLOUD Act"}, "named_party"),
        (None, None),
    ],
)
def test_an_exposure_that_does_not_say_to_whom_is_one_all_the_same(
    exposure: dict[str, str] | None, to: str | None
) -> None:
    data: dict[str, Any] = {"exposure": exposure} if exposure is not None else {}
    assert _frame(message(**data), message(exposure={"to": "public"}))["exposure.to"][0] == to
