"""Batches do not know of each other: what goes with them through the pipeline changes no byte of their evidence."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from streams.batch import Oversize, RawBatch, Recorded
from streams.decode import decode_all
from streams.pipeline import judge_all, run
from tests.support.cloudtrail import plain
from tests.support.stores import context, event

UNREADABLE = st.sampled_from([b"", b"{}", b"\xff", b'{"Records": [17, {}]}'])
NATIVE = st.integers(0, 99).map(lambda number: json.dumps(event(number)).encode())
CLOUDTRAIL = st.lists(st.sampled_from(["GetObject", "StopLogging"]), min_size=1, max_size=3).map(
    lambda calls: json.dumps({"Records": [plain(call) for call in calls]}).encode()
)


@st.composite
def batches(draw: st.DrawFn) -> RawBatch:
    """One batch of a partition, of which offsets are those of other partitions too."""
    form, good = draw(st.sampled_from([("native", NATIVE), ("cloudtrail", CLOUDTRAIL)]))
    found = draw(st.lists(st.one_of(good, UNREADABLE), max_size=4))
    first = draw(st.integers(0, 2))
    offsets = list(range(first, first + len(found)))
    end = first + len(found)
    large = [Oversize(end, None, 9_999_999, b"{", bytes(32))] if draw(st.booleans()) or not found else []
    return RawBatch(
        draw(st.sampled_from(["kafka:a", "kafka:b|1"])), draw(st.integers(0, 2)), form, offsets, found, first,
        end if large else end - 1, oversize=large, tombstones=frozenset(offsets[:1]) if found[:1] == [b""] else frozenset(),
    )  # fmt: skip


@given(st.lists(batches(), min_size=1, max_size=4))
def test_what_is_recorded_of_a_batch_does_not_depend_on_those_beside_it(together: list[RawBatch]) -> None:
    found = judge_all(together, decode_all(together), context())

    assert len(found) == len(together)
    for batch, of in zip(together, found, strict=True):
        alone = run(batch, context())
        for field in fields(Recorded):
            assert _same(getattr(of, field.name), getattr(alone, field.name)), field.name


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, pl.DataFrame):
        return one.schema == other.schema and one.equals(other, null_equal=True)
    return bool(one == other)
