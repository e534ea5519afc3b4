"""Which dead letters are played again: what can be read by now and is no evidence yet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.dead_letters import Letter, Playing, Selection, letters, playable
from services.store import Store
from tests.support.stores import event, ingest, lines, open_store

SOURCE = "kafka:audit.events"


def letter(of: dict[str, Any], offset: int = 0) -> Letter:
    """Return a letter that holds an event."""
    raw = json.dumps(of).encode()
    return Letter(SOURCE, 0, offset, 0, "invalid-value", len(raw), raw)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        log = tmp_path / "log.ndjson"
        log.write_text(lines([event(1), event(2)]))
        ingest(store, log)
        yield store


def test_what_is_evidence_already_is_left_out_however_it_is_written(store: Store) -> None:
    again = dict(reversed(event(1).items()))
    outcome = Playing()
    assert playable(store, [letter(event(1)), letter(again, offset=1)], outcome) == []
    assert (outcome.played, outcome.known) == (0, 2)


@pytest.mark.parametrize(
    "other",
    [event(1, purpose="another"), event(1) | {"time": "2026-11-01T09:00:00Z"}, event(1) | {"source": "urn:other"}],
    ids=["content", "time", "source"],
)
def test_the_id_of_an_event_that_is_evidence_does_not_keep_another_event_back(
    store: Store, other: dict[str, Any]
) -> None:
    outcome = Playing()
    new = letter(other)
    assert playable(store, [letter(event(2)), new], outcome) == [new]
    assert (outcome.played, outcome.known) == (1, 1)


def test_what_is_kept_of_a_letter_decides_and_what_still_cannot_be_read_is_counted(store: Store) -> None:
    cut = Letter(SOURCE, 0, 0, 0, "message-too-large", 2_000_000, b'{"specversion":')
    erased = Letter(SOURCE, 0, 1, 0, "invalid-value", 10, b"")
    outcome = Playing()
    assert playable(store, [cut, erased, Letter(SOURCE, 0, 2, 0, "invalid-json", 1, b"{")], outcome) == []
    assert (outcome.cut, dict(outcome.still)) == (2, {"invalid-json": 1})


def test_a_letter_of_a_file_that_has_another_event_under_a_known_id_is_played(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "more.ndjson"
    log.write_text(lines([event(1, purpose="x" * 900), event(2)]))
    with monkeypatch.context() as old:
        for module in ("verdicts", "decode"):  # as a program with a lower limit would have read it
            old.setattr(f"streams.{module}.MAX_MESSAGE_BYTES", 800)
        ingest(store, log)
    (found,) = letters(store, Selection())
    outcome = Playing()
    assert [json.loads(one.raw)["id"] for one in playable(store, found, outcome)] == ["e1"]
