import datetime as dt

import polars as pl

from streams.record import record
from streams.tables import EARLIEST, LATEST, tables
from tests.support.evidence import KEYS, NOON, VERSIONS, batch_of, decoded_of, facts_of, findings_of
from tests.support.ranges import range_of

LETTER = {"offset": 9, "part": 0, "reason": "empty", "text": "…", "bytes": 0, "raw": b""}


def _tables(*times: dt.datetime) -> dict[str, pl.DataFrame]:
    facts = facts_of([{"event.time": time} for time in times])
    raws = [b"{}"] * len(times)
    recorded = record(
        [decoded_of(facts, raws, [LETTER])], facts, findings_of([{"row": 0}]), batches=[batch_of(raws)], keys=KEYS,
        versions=VERSIONS,
    )[0]  # fmt: skip
    return dict(tables(recorded, range_of("r1", 0, 9)))


def test_the_row_of_the_range_is_the_last_to_be_written() -> None:
    assert list(_tables(NOON)) == [
        "evidence_rows", "personal_short_rows", "personal_long_rows", "dead_letter_rows", "finding_rows", "range_rows",
    ]  # fmt: skip


def test_every_row_names_its_range() -> None:
    for table, rows in _tables(NOON).items():
        name = "id" if table == "range_rows" else "range_id"
        assert rows[name].unique().to_list() == ["r1"]
        assert rows["recorded_at"].null_count() == 0


def test_absent_texts_are_empty_and_absent_times_stay_absent() -> None:
    rows = _tables(NOON)["evidence_rows"]

    assert rows["asset.category"].to_list() == ["", ""]
    assert rows["event.time"].to_list() == [NOON, None]
    assert [name for name in rows.columns if rows[name].null_count()] == ["event.time"]


def test_times_that_the_store_cannot_hold_stop_at_its_bounds_beside_the_record_only() -> None:
    far = dt.datetime(9999, 12, 31, tzinfo=dt.UTC), dt.datetime(1, 1, 1, tzinfo=dt.UTC)
    rows = _tables(*far)

    assert rows["evidence_rows"]["event.time"].to_list()[:2] == [LATEST, EARLIEST]
    assert "9999-12-31T00:00:00.000000Z" in rows["evidence_rows"]["record"][0]
    assert rows["finding_rows"]["event_time"].to_list() == [LATEST]


def test_a_finding_stands_at_the_offset_of_its_event() -> None:
    assert _tables(NOON)["finding_rows"]["at"].to_list() == [0]
