"""TRAIL-ID-REUSED: one identity, different contents, wherever they were recorded."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest

from services import identity_review
from services.identity_review import SOURCE, grown, pieces, review_identities
from services.recording import Prepared
from services.store import Store
from streams.tables import tables
from tests.support.stores import NOW, context, counts, event, finding_records, ingest, lines, names, open_store

RULE = "TRAIL-ID-REUSED"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


def _log(path: Path, name: str, *events: dict[str, Any]) -> Path:
    file = path / name
    file.write_text(lines(events))
    return file


def _found(store: Store) -> list[tuple[str, int]]:
    rows = store.rows(
        "SELECT `position.source` AS source, `position.offset` AS offset FROM findings WHERE rule = {rule:String} "
        "ORDER BY source, offset",
        {"rule": RULE},
    )
    return [(row["source"].split("#")[0].removeprefix("file:"), row["offset"]) for row in rows]


def _progress(store: Store) -> list[tuple[str, int, int]]:
    rows = store.rows("SELECT source, partition, last FROM reviewed_positions ORDER BY ALL")
    return [(row["source"], row["partition"], row["last"]) for row in rows]


def _record(store: Store, path: Path, name: str, *events: dict[str, Any]) -> None:
    """Record a file, and leave the review to others."""
    with patch("services.ingest.review_identities", return_value={}):
        ingest(store, _log(path, name, *events))


def _prepared(store: Store, prefix: str, *, seconds: float = 0.0) -> list[Prepared]:
    """Look, and write nothing."""
    of = names(f"review-{prefix}")
    return list(pieces(store, context(), grown(store), now=lambda: NOW, new_id=of, seconds=seconds))


def _count(store: Store, found: list[Prepared]) -> None:
    for piece in found:
        store.write(piece.recorded, piece.range)


def test_an_id_used_for_two_contents_is_found_at_each_position(store: Store, tmp_path: Path) -> None:
    log = _log(tmp_path, "a", event(1), event(2), event(1, action="export"), event(3), event(1))

    summary = ingest(store, log, rows=2)

    assert _found(store) == [("a", 0), ("a", 2), ("a", 4)]
    assert summary.rules[RULE] == 3
    flag = store.rows("SELECT events, positions FROM flags WHERE rule = {rule:String}", {"rule": RULE})
    assert sum(row["positions"] for row in flag) == 3
    assert sum(row["events"] for row in flag) == 2


def test_the_same_event_delivered_again_raises_nothing(store: Store, tmp_path: Path) -> None:
    ingest(store, _log(tmp_path, "a", event(1), event(2), event(1)))
    ingest(store, _log(tmp_path, "b", event(2), event(1)))

    assert _found(store) == []


def test_it_is_found_across_files_whichever_came_first(store: Store, tmp_path: Path) -> None:
    ingest(store, _log(tmp_path, "a", event(1), event(2)))
    assert _found(store) == []
    ingest(store, _log(tmp_path, "b", event(7), event(1, action="export")))
    assert _found(store) == [("a", 0), ("b", 1)]
    ingest(store, _log(tmp_path, "c", event(1, action="delete"), event(8)))
    assert _found(store) == [("a", 0), ("b", 1), ("c", 0)]


def test_another_source_may_use_the_same_id(store: Store, tmp_path: Path) -> None:
    ingest(store, _log(tmp_path, "a", event(1), {**event(1, action="export"), "source": "urn:other"}))

    assert _found(store) == []


def test_a_review_looks_at_what_is_new_and_says_how_far_it_got(store: Store, tmp_path: Path) -> None:
    log = _log(tmp_path, "a", event(1), event(2))
    ingest(store, log)
    (source,) = store.sources()
    assert _progress(store) == [(source, 0, 1)]
    ingest(store, log)
    assert _progress(store) == [(source, 0, 1)], "nothing has grown, and it was looked at again"
    with log.open("a") as file:
        file.write(lines([event(3), event(1, action="export")]))
    ingest(store, log)

    assert _progress(store) == [(source, 0, 1), (source, 0, 3)]
    assert _found(store) == [("a", 0), ("a", 3)]
    assert grown(store) == []


@pytest.mark.parametrize("few", [identity_review.FEW, 3, 2, 1, 0])
def test_memory_is_bounded_by_slices_chunks_and_what_is_a_few_that_change_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(identity_review, "FEW", few)
    monkeypatch.setattr(identity_review, "EVENTS_PER_SLICE", 3)
    monkeypatch.setattr(identity_review, "FINDINGS_PER_RANGE", 2)
    log = _log(tmp_path, "a", *(event(i) for i in range(10)), *(event(i, action="export") for i in range(3, 10)))

    ingest(store, log, rows=100)

    assert _found(store) == [("a", offset) for offset in range(3, 17)]
    reviews = sorted(store.ranges(SOURCE), key=lambda one: one.first)
    assert [one.findings for one in reviews] == [2] * 7
    assert [(one.first, one.last) for one in reviews] == [(first, first + 1) for first in range(0, 14, 2)]
    assert len({one.partition for one in reviews}) == 1
    assert len(_progress(store)) == 1


@pytest.mark.parametrize("few", [identity_review.FEW, 0])
def test_spread_over_seconds_it_takes_them_and_finds_the_same(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(identity_review, "FEW", few)
    monkeypatch.setattr(identity_review, "SLOWEST", 1)
    _record(store, tmp_path, "a", *(event(i) for i in range(40)), event(1, action="export"))
    at_once = _prepared(store, "b")
    began = time.monotonic()

    spread = _prepared(store, "b", seconds=4.0)

    assert time.monotonic() - began >= 1.0
    assert [piece.recorded.findings.height for piece in spread] == [2]
    assert spread[0].recorded.merkle_root == at_once[0].recorded.merkle_root


def test_the_pace_has_a_floor_and_no_seconds_are_no_pace(store: Store, tmp_path: Path) -> None:
    _record(store, tmp_path, "a", event(1), event(1, action="export"))
    asked: list[str] = []

    def rows(sql: str, of: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        asked.append(sql)
        return Store.rows(store, sql, of)

    with patch.object(store, "rows", rows):
        slow, fast = _prepared(store, "b", seconds=600.0), _prepared(store, "b")

    assert len(slow) == len(fast) == 1
    paced = [sql for sql in asked if "max_execution_speed" in sql]
    assert len(paced) == 2
    assert all(f"max_execution_speed = {identity_review.SLOWEST}," in sql for sql in paced)
    assert sum("max_threads = 1" in sql for sql in asked) == 4


def test_the_findings_are_the_same_bytes_however_often_and_in_which_order_it_was_reviewed(tmp_path: Path) -> None:
    a = _log(tmp_path, "a", event(1), event(2))
    b = _log(tmp_path, "b", event(1, action="export"), event(3))
    c = _log(tmp_path, "c", event(1, action="delete"), event(2))
    seen = []
    ways: list[list[list[Path]]] = [[[a, b, c]], [[a], [b], [c]], [[c], [b], [a]]]
    for number, calls in enumerate(ways):
        with open_store(tmp_path / f"data-{number}") as store:
            for files in calls:
                ingest(store, *files)
            assert _found(store) == [("a", 0), ("b", 0), ("c", 0)]
            seen.append((finding_records(store), counts(store)))

    assert seen[0] == seen[1] == seen[2]


def test_two_reviews_at_once_count_once_whichever_ends_first(store: Store, tmp_path: Path) -> None:
    _record(store, tmp_path, "a", event(1), event(2), event(1, action="export"))
    slow = _prepared(store, "a")  # it has looked, and is held up before it writes: a zombie
    _record(store, tmp_path, "b", event(2, action="export"), event(4), event(1))
    quick = _prepared(store, "b")
    assert [one.range.findings for one in (*slow, *quick)] == [2, 5]
    expected = [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 2)]

    _count(store, quick)
    assert _found(store) == expected
    records, seen = finding_records(store), counts(store)
    _count(store, slow)  # its range has the lower name, and goes before the other's

    assert _found(store) == expected
    assert finding_records(store) == records
    assert counts(store) == seen
    assert [one.range.findings for one in _prepared(store, "c")] == []


def test_a_review_that_is_sealed_stays_the_one_that_counts(store: Store, tmp_path: Path) -> None:
    _record(store, tmp_path, "a", event(1), event(1, action="export"))
    slow, quick = _prepared(store, "a"), _prepared(store, "b")
    _count(store, quick)
    store.insert("sealed_ranges", pl.DataFrame([{"range_id": quick[0].range.id, "sealed_at": NOW}]))
    _count(store, slow)

    rows = store.rows("SELECT DISTINCT range_id FROM findings WHERE rule = {rule:String}", {"rule": RULE})
    assert [row["range_id"] for row in rows] == [quick[0].range.id]
    assert _found(store) == [("a", 0), ("a", 1)]


def test_a_review_that_was_interrupted_is_made_up_for_by_the_next(store: Store, tmp_path: Path) -> None:
    _record(store, tmp_path, "a", event(1), event(1, action="export"))
    (piece,) = _prepared(store, "a")
    for table, rows in tables(piece.recorded, piece.range):
        if table != "range_rows":
            store.insert(table, rows)
    assert _found(store) == []
    _count(store, _prepared(store, "b"))  # all findings count, but that it is done was not said
    assert _progress(store) == []

    assert not review_identities(store, context(), now=lambda: NOW, new_id=names("c"))
    assert _found(store) == [("a", 0), ("a", 1)]
    assert [(row[1:]) for row in _progress(store)] == [(0, 1)]


def test_a_partition_that_an_earlier_review_had_is_gone_on_with(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_review, "_partition", lambda _: 7)
    ingest(store, _log(tmp_path, "a", event(1), event(1, action="export")))
    ingest(store, _log(tmp_path, "b", event(1, action="delete")))

    spans = sorted((one.partition, one.first, one.last) for one in store.ranges(SOURCE))
    assert spans == [(7, 0, 1), (7, 2, 2)]
    assert _found(store) == [("a", 0), ("a", 1), ("b", 0)]
