"""TRAIL-ID-REUSED: one identity, different contents, wherever they were recorded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services import identity_review
from services.identity_review import SOURCE
from services.store import Store
from tests.support.stores import event, ingest, lines, open_store

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
    ingest(store, log)

    assert [(one.first, one.last, one.messages) for one in store.ranges(SOURCE)] == [(0, 0, 1)]


def test_memory_is_bounded_by_slices_and_chunks_that_change_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_review, "EVENTS_PER_SLICE", 3)
    monkeypatch.setattr(identity_review, "FINDINGS_PER_RANGE", 2)
    log = _log(tmp_path, "a", *(event(i) for i in range(10)), *(event(i, action="export") for i in range(3, 10)))

    ingest(store, log, rows=100)

    assert _found(store) == [("a", offset) for offset in range(3, 17)]
    reviews = sorted(store.ranges(SOURCE), key=lambda one: one.first)
    assert [one.findings for one in reviews] == [2] * 7 + [0]
    assert [one.first for one in reviews] == [0, 2, 4, 6, 8, 10, 12, 14]
