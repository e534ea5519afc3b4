"""The oracle sees each kind of damage: a test of faults that it judges can fail."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from aiokafka import ConsumerRecord

from services.recording import range_of
from services.store import Store
from streams.batch import RawBatch, Recorded
from streams.pipeline import run
from streams.tables import tables
from tests.faults.oracle import check
from tests.faults.workload import messages
from tests.support.stores import NOW, context, open_store

SOURCE = "kafka:events"
ENDS = {0: 41, 1: 40}  # partition 0 ends with the marker of a transaction

Log = list[ConsumerRecord[bytes | None, bytes | None]]


def _record(partition: int, offset: int, value: bytes | None) -> ConsumerRecord[bytes | None, bytes | None]:
    size = len(value) if value is not None else -1
    return ConsumerRecord("events", partition, offset, 0, 0, None, value, None, -1, size, ())


@pytest.fixture(scope="module")
def log() -> Log:
    """Return 80 messages in two partitions, every seventh of which cannot be read."""
    values = [one.value for one in messages(0, 80, partitions=2, poison_every=7)]
    return [_record(n // 40, n % 40, value) for n, value in enumerate(values)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as opened:
        yield opened


def _batches(log: Log, cuts: Sequence[int] = (0, 13, 40)) -> Iterator[RawBatch]:
    for partition in (0, 1):
        for begin, end in pairwise(cuts):
            part = [one for one in log if one.partition == partition and begin <= one.offset < end]
            yield RawBatch(
                SOURCE, partition, "native", [one.offset for one in part], [one.value or b"" for one in part],
                first=begin, last=end - 1, tombstones=frozenset(one.offset for one in part if one.value is None),
            )  # fmt: skip


def _write(store: Store, batch: RawBatch, recorded: Recorded | None = None, *, name: str = "") -> None:
    recorded = recorded or run(batch, context())
    store.write(
        recorded,
        range_of(batch, recorded, context(), name=name or f"r{batch.partition}-{batch.first:03}", now=NOW),
    )


def _check(store: Store, log: Log) -> None:
    check(store, SOURCE, log, ENDS, context())


def test_a_store_that_holds_everything_once_passes_whatever_the_batches(store: Store, log: Log) -> None:
    for batch in _batches(log, (0, 1, 5, 29, 40)):
        _write(store, batch)
    counts = check(store, SOURCE, log, ENDS, context())
    assert (counts.messages, counts.events + counts.dead_letters, counts.ranges, counts.orphans) == (80, 80, 8, 0)
    assert counts.dead_letters == 11
    assert counts.findings > 80


def test_rows_of_an_attempt_without_a_range_and_an_attempt_that_came_twice_do_no_harm(store: Store, log: Log) -> None:
    batches = list(_batches(log))
    for batch in batches:
        _write(store, batch)
    _write(store, batches[1], name="zombie")
    recorded = run(batches[0], context())
    for table, rows in tables(recorded, range_of(batches[0], recorded, context(), name="dead", now=NOW)):
        if table != "range_rows":
            store.insert(table, rows)
    assert check(store, SOURCE, log, ENDS, context()).orphans > 0


def test_a_batch_that_is_missing_is_lost(store: Store, log: Log) -> None:
    for batch in list(_batches(log))[:-1]:
        _write(store, batch)
    with pytest.raises(AssertionError, match=r"evidence: 27 lost of 80(.|\n)*partition 1 end at 12, its last .* at 39"):
        _check(store, log)


def test_a_batch_left_out_in_the_middle_is_a_gap(store: Store, log: Log) -> None:
    for batch in list(_batches(log))[1:]:
        _write(store, batch)
    with pytest.raises(AssertionError, match=r"ranges of partition 0 leave out \[\(0, 12\)\]"):
        _check(store, log)


@pytest.mark.parametrize("part", ["evidence", "findings", "dead_letters", "personal_short", "personal_long"])
def test_one_row_too_few_or_too_many_is_seen(store: Store, log: Log, part: str) -> None:
    name = {"dead_letters": "letters", "personal_short": "short", "personal_long": "long"}.get(part, part)
    *rest, last = _batches(log)
    recorded = run(last, context())
    rows: pl.DataFrame = getattr(recorded, part)
    damaged = replace(recorded, **{part: pl.concat([rows[1:], rows[-1:]])})  # type: ignore[arg-type]  # they are frames
    _write(store, last, damaged)
    for batch in rest:
        _write(store, batch)
    with pytest.raises(AssertionError, match=rf"{name}: 1 lost of \d+: (.|\n)*{name}: 1 twice or foreign of"):
        _check(store, log)


def test_another_content_at_the_same_position_is_seen(store: Store, log: Log) -> None:
    other = [*log]
    other[3] = _record(0, 3, b'{"specversion": "2.0"}')
    for batch in _batches(other):
        _write(store, batch)
    with pytest.raises(AssertionError, match=r"evidence: 1 lost of 80(.|\n)*evidence: 1 twice or foreign"):
        _check(store, log)


def test_a_range_that_vouches_for_what_is_not_in_the_log_is_seen(store: Store, log: Log) -> None:
    for batch in _batches(log):
        _write(store, batch)
    beyond = RawBatch(SOURCE, 1, "native", [], [], first=40, last=50)
    _write(store, beyond)
    with pytest.raises(AssertionError, match="partition 1 end at 50, its last message is at 39"):
        _check(store, log)


def test_recording_at_another_time_is_no_difference(store: Store, log: Log) -> None:
    for batch in _batches(log):
        recorded = run(batch, context())
        late = NOW + dt.timedelta(days=40)
        store.write(recorded, range_of(batch, recorded, context(), name=f"{batch.partition}{batch.first}", now=late))
    _check(store, log)
