"""Records do not know of batches: however messages are cut into batches, the same bytes come out."""

import datetime as dt
import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import COLUMNS
from schemas.records import COMMITTED, MAX_RECORD_BYTES, RECORD_COLUMNS
from streams import merkle
from streams.batch import Recorded
from streams.record import record
from tests.support.evidence import KEYS, VERSIONS, batch_of, decoded_of, facts_of, findings_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "bool": st.booleans(),
    "int": st.integers(0, 2**63 - 1),
    "time": st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    "texts": st.lists(TEXT, max_size=3),
}
FREE = sorted(name for name in {*RECORD_COLUMNS, *COMMITTED} if name in COLUMNS and not name.startswith("position."))
ROW = st.fixed_dictionaries({}, optional={name: VALUES[COLUMNS[name].type] for name in FREE})


def _row(row: dict[str, Any]) -> dict[str, Any]:
    required = {
        "event.time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "event.id": "e",
        "event.source": "s",
        "asset.key": "a",
    }
    return {**required, **row}


def _recorded(rows: list[dict[str, Any]], first: int) -> Recorded:
    facts = facts_of([{**_row(row), "position.offset": first + i} for i, row in enumerate(rows)])
    raws = [json.dumps({"n": first + i}).encode() for i in range(len(rows))]
    findings = findings_of([{"row": i} for i in range(len(rows))])
    batch = batch_of(raws, first=first)
    return record([decoded_of(facts, raws)], facts, findings, batches=[batch], keys=KEYS, versions=VERSIONS)[0]


@given(st.lists(ROW, min_size=1, max_size=6), st.data())
def test_cutting_batches_elsewhere_changes_no_byte(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    whole = _recorded(rows, 0)
    parts = [_recorded(rows[:cut], 0), _recorded(rows[cut:], cut)]

    for frame in ("evidence", "findings", "personal_short", "personal_long"):
        joined = pl.concat([getattr(part, frame) for part in parts])
        assert joined.equals(getattr(whole, frame), null_equal=True)


@given(st.lists(ROW, min_size=1, max_size=4))
def test_a_record_reads_back_as_what_was_known_and_hashes_to_its_leaf(rows: list[dict[str, Any]]) -> None:
    recorded = _recorded(rows, 0)

    for row, text, leaf in zip(rows, recorded.evidence["record"], recorded.evidence["leaf_hash"], strict=True):
        read = json.loads(text)
        for name in ("operation", "action", "outcome"):
            assert read[name] == row.get(name, "read" if name == "action" else None)
        assert read["asset"]["operator"] == row.get("asset.operator")
        known = {name: row[name] for name in row if name.startswith("exposure.") and name in RECORD_COLUMNS}
        assert read["exposure"] == (
            {name: known.get(f"exposure.{name}") for name in read["exposure"]} if known else None
        )
        assert merkle.leaf_hash(text.encode()) == leaf
        assert len(text.encode()) <= MAX_RECORD_BYTES
