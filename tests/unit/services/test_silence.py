"""Which log sources are silent."""

import datetime as dt
import json
from pathlib import Path

from services.silence import Silence, last_heard, log_sources
from tests.support.registers import register_of
from tests.support.stores import NOW, event, ingest, lines, open_store

REGISTER = """
assets:
  - {id: a, valid_from: 2025-04-01, name: A, log_sources: [{source: "urn:app", expected_every_minutes: 60}]}
  - {id: b, valid_from: 2025-04-01, name: B, log_sources: [{source: "urn:app", expected_every_minutes: 15}]}
  - {id: c, valid_from: 2027-04-01, name: C, log_sources: [{source: "urn:later", expected_every_minutes: 15}]}
  - {id: d, valid_from: 2025-04-01, valid_to: 2026-01-01, name: D,
     log_sources: [{source: "urn:gone", expected_every_minutes: 15}]}
"""
QUARTER = dt.timedelta(minutes=15)


def test_of_assets_that_hold_now_the_shortest_expectation_counts() -> None:
    assert log_sources(register_of(REGISTER), NOW) == {"urn:app": QUARTER}


def test_a_source_is_silent_only_after_its_whole_interval() -> None:
    now = [NOW]
    silence = Silence(lambda: now[0])
    silence.expect({"urn:app": QUARTER}, {})
    now[0] = NOW + QUARTER
    assert silence.silent() == []
    now[0] += dt.timedelta(seconds=1)
    assert silence.silent() == ["urn:app"]
    silence.hear(["urn:app", "urn:nobody-asked", None])
    assert silence.silent() == []


def test_what_was_heard_before_the_start_counts() -> None:
    silence = Silence(lambda: NOW)
    silence.expect({"urn:app": QUARTER}, {"urn:app": NOW - dt.timedelta(hours=1)})
    assert silence.silent() == ["urn:app"]


def test_a_changed_register_forgets_nothing_that_was_heard() -> None:
    now = [NOW]
    silence = Silence(lambda: now[0])
    silence.expect({"urn:app": QUARTER}, {})
    now[0] += dt.timedelta(minutes=10)
    silence.expect({"urn:app": QUARTER, "urn:new": QUARTER}, {})
    now[0] += dt.timedelta(minutes=10)
    assert silence.silent() == ["urn:app"]


def test_the_store_tells_when_a_source_was_last_heard_of(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text(lines(event(number) for number in range(3)) + json.dumps(event(9) | {"source": "urn:b"}) + "\n")
    with open_store(tmp_path / "data") as store:
        ingest(store, file)
        assert last_heard(store, ["urn:app", "urn:silent"], NOW) == {"urn:app": NOW}
        assert last_heard(store, ["urn:app"], NOW + dt.timedelta(days=60)) == {}
        assert last_heard(store, [], NOW) == {}
