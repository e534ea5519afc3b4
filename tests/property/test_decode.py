"""Two decoders must agree: the fast way of `streams.decode`, and the contract alone."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from schemas.events import parse_time
from schemas.facts import EVENT
from streams.decode import decode
from streams.event_columns import event_frame
from streams.times import parse_times
from streams.verdicts import REASONS, read_by_contract
from tests.support.events import MESSAGES, batch, contract_row, times, valid_events, written

NAMES = [column.name for column in EVENT]


@given(st.lists(MESSAGES, max_size=6))
def test_the_fast_way_gives_the_contracts_verdict_and_values(messages: list[bytes]) -> None:
    decoded = decode(batch(messages))

    expected = {offset: row for offset, raw in enumerate(messages) if (row := contract_row(raw)) is not None}
    assert decoded.events["position.offset"].to_list() == list(expected)
    assert decoded.events.select(NAMES).to_dicts() == list(expected.values())
    assert decoded.events["raw"].to_list() == [messages[offset] for offset in expected]
    refused = [offset for offset in range(len(messages)) if offset not in expected]
    assert decoded.dead_letters["offset"].to_list() == refused
    assert set(decoded.dead_letters["reason"]) <= REASONS.keys()


@given(st.lists(MESSAGES, max_size=6))
def test_a_message_is_read_the_same_in_any_batch(messages: list[bytes]) -> None:
    together = decode(batch(messages))

    alone = [decode(batch([raw])) for raw in messages]
    drop = ("position.offset", "offset", "text")  # the text names the line
    events = [one.events.drop(drop, strict=False) for one in alone]
    letters = [one.dead_letters.drop(drop, strict=False) for one in alone]
    assert_frame_equal(
        together.events.drop(drop, strict=False), pl.concat([together.events.head(0).drop(drop, strict=False), *events])
    )
    assert_frame_equal(
        together.dead_letters.drop(drop, strict=False),
        pl.concat([together.dead_letters.head(0).drop(drop, strict=False), *letters]),
    )


@given(valid_events().flatmap(written))
def test_the_slow_way_gives_the_same_content(raw: bytes) -> None:
    decoded = decode(batch([raw]))

    if len(decoded.events):
        slow = event_frame([read_by_contract(raw)])
        assert slow["event.content"].to_list() == decoded.events["event.content"].to_list()


@given(valid_events())
def test_every_valid_event_is_read(event: dict[str, Any]) -> None:
    assert len(decode(batch([json.dumps(event).encode()])).events) == 1


@given(st.lists(times() | st.text(max_size=30) | st.none(), min_size=1))
def test_times_of_a_batch_are_those_of_the_contract_or_in_doubt(texts: list[str | None]) -> None:
    moments = parse_times(pl.Series(texts, dtype=pl.String)).to_list()

    for text, moment in zip(texts, moments, strict=True):
        assert moment is None or moment == parse_time(text)
