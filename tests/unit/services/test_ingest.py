"""What becomes of a file that is read again, grown, cut, replaced or broken; against a real store."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import SourceError
from schemas.events import MAX_MESSAGE_BYTES
from services.ingest import Ingest
from services.sources import BatchLimits
from services.store import Store
from tests.support.stores import (
    NOW,
    context,
    counts,
    event,
    evidence,
    finding_records,
    ingest,
    lines,
    names,
    open_store,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.ndjson"
    path.write_text(lines(event(i) for i in range(30)))
    return path


def test_the_same_file_again_adds_nothing(store: Store, log: Path) -> None:
    first = ingest(store, log)
    before = counts(store)
    again = ingest(store, log)

    assert (first.files[0].messages, first.files[0].known, before["events"]) == (30, 0, 30)
    assert (again.files[0].messages, again.files[0].known, again.findings) == (0, 30, 0)
    assert counts(store) == before
    assert before["findings"] == first.findings > 0


def test_a_grown_file_continues(store: Store, log: Path) -> None:
    ingest(store, log)
    with log.open("a") as file:
        file.write("\n\n" + lines(event(i) for i in range(30, 41)))

    grown = ingest(store, log)

    assert (grown.files[0].messages, grown.files[0].known) == (11, 30)
    assert counts(store)["events"] == 41
    assert len(store.rows("SELECT DISTINCT source FROM ranges WHERE source LIKE 'file:%'")) == 1


def test_a_cut_last_line_waits_for_its_rest(store: Store, log: Path) -> None:
    whole = log.read_text()
    log.write_text(whole[:-20])
    cut = ingest(store, log)
    log.write_text(whole)
    mended = ingest(store, log)

    assert (cut.files[0].messages, cut.files[0].error, cut.files[0].dead_letters) == (29, None, 0)
    assert cut.files[0].waiting > 0
    assert (mended.files[0].messages, mended.files[0].waiting) == (1, 0)
    assert counts(store) | {"findings": 0, "flags": 0} == {
        "events": 30, "dead_letters": 0, "findings": 0, "flags": 0, "short": 30, "long": 30,
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 30], ids=["the only line", "the last of many"])
@pytest.mark.parametrize("ending", ["  \n", "\t\r\n", " ", "\n"])
def test_a_last_line_that_gets_blanks_before_its_line_feed_is_still_the_same(
    store: Store, log: Path, count: int, ending: str
) -> None:
    text = lines(event(i) for i in range(count)).removesuffix("\n")
    log.write_text(text)
    ingest(store, log)
    log.write_text(text + ending + (lines([event(30)]) if ending.endswith("\n") else ""))
    grown = ingest(store, log)

    assert (grown.files[0].error, grown.files[0].known) == (None, count)
    assert grown.files[0].messages == ending.endswith("\n")
    assert len(store.rows("SELECT DISTINCT source FROM ranges WHERE source LIKE 'file:%'")) == 1


@pytest.mark.parametrize("before", [0, 3], ids=["the only line", "the last of many"])
def test_a_last_line_about_the_size_limit_that_gets_blanks_is_still_the_same(
    store: Store, tmp_path: Path, before: int
) -> None:
    limit = MAX_MESSAGE_BYTES
    changes = [(limit - 1, "  \n"), (limit, " \t\r\n"), (limit + 1, "  "), (limit + 1, "  \n"), (3 * limit, " \t\r\n")]
    for number, (size, ending) in enumerate(changes):
        log = tmp_path / f"{number}.ndjson"
        text = lines(event(i) for i in range(before)) + '{"x":"' + "y" * (size - 8) + '"}'
        log.write_text(text)
        ingest(store, log)
        log.write_text(text + ending + (lines([event(30)]) if ending.endswith("\n") else ""))
        grown = ingest(store, log).files[0]

        assert (grown.error, grown.known, grown.messages) == (None, before + 1, ending.endswith("\n")), (size, ending)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param([0, 99, *range(2, 30)], id="one message in the first range"),
        pytest.param([*range(25), 99, *range(26, 30)], id="the same beginning and the same last line"),
        pytest.param([*range(28), 99, 98, 97, 29], id="the same beginning and last line, longer"),
        pytest.param([*range(29)], id="shorter"),
        pytest.param([0, 2, 1, *range(3, 30)], id="other order"),
    ],
)
def test_a_replaced_file_with_the_same_beginning_is_never_taken_for_the_old_one(
    store: Store, log: Path, changed: list[int]
) -> None:
    ingest(store, log)
    before = evidence(store)
    log.write_text(lines(event(i) for i in changed))

    replaced = ingest(store, log)

    assert isinstance(replaced.files[0].error, SourceError)
    assert "another file with the same beginning: messages " in str(replaced.files[0].error)
    assert "--as-new" in str(replaced.files[0].error)
    assert evidence(store) == before


def test_a_replaced_file_is_recorded_beside_the_old_one_when_a_person_says_so(store: Store, log: Path) -> None:
    old = log.read_text()
    ingest(store, log)
    log.write_text(lines(event(i) for i in [*range(10), *range(50, 80)]))

    new = ingest(store, log, as_new=True)

    assert new.files[0].source.endswith("~2")
    assert new.files[0].messages == 40
    with log.open("a") as file:
        file.write(lines([event(80)]))
    grown = ingest(store, log)
    assert (grown.files[0].source, grown.files[0].messages) == (new.files[0].source, 1)
    log.write_text(old)
    back = ingest(store, log)
    assert (back.files[0].source + "~2", back.files[0].messages, back.files[0].error) == (new.files[0].source, 0, None)


def test_another_file_of_the_same_name_is_another_source(store: Store, log: Path) -> None:
    ingest(store, log)
    log.write_text(lines(event(i) for i in range(100, 110)))

    other = ingest(store, log)

    assert (other.files[0].messages, other.files[0].known) == (10, 0)
    assert counts(store)["events"] == 40


def test_a_broken_file_does_not_keep_the_others_from_being_recorded(store: Store, log: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.ndjson.gz"
    damaged.write_bytes(gzip.compress(lines(event(i) for i in range(100, 3000)).encode())[:-2000])

    summary = ingest(store, tmp_path / "missing.ndjson", damaged, tmp_path, log, rows=1000)

    errors = [one.error for one in summary.files]
    assert [isinstance(error, SourceError) for error in errors] == [True, True, True, False]
    assert summary.files[1].messages > 0
    assert summary.files[3].messages == 30
    assert counts(store)["events"] == summary.total("events") == summary.files[1].messages + 30


def test_what_cannot_be_read_is_a_dead_letter_and_loses_nothing_else(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "mixed.ndjson"
    good = lines([event(1)]).encode()
    log.write_bytes(good + b"\xff\xfe\n" + b'{"a":\x00}\n' + good + b"[" * 5000 + b"\n" + good)

    summary = ingest(store, log)

    assert (summary.files[0].events, summary.files[0].dead_letters) == (3, 3)
    rows = store.rows("SELECT `position.offset` AS offset, reason, bytes FROM dead_letters ORDER BY offset")
    assert [(row["offset"], row["bytes"]) for row in rows] == [(1, 2), (2, 7), (4, 5000)]
    assert all(row["reason"] for row in rows)
    assert counts(store)["dead_letters"] == 3
    raw = store.client.query("SELECT hex(raw) FROM dead_letters WHERE `position.offset` = 1").result_rows
    assert raw == [("FFFE",)]


def test_records_are_the_same_bytes_whatever_the_batch_size_and_the_data_directory(tmp_path: Path, log: Path) -> None:
    with log.open("a") as file:
        file.write("not json\n\n" + lines([event(1), event(2, action="export"), event(1)]))
    seen = []
    for rows in (9, 20, 1000):
        with open_store(tmp_path / f"data{rows}") as store:
            ingest(store, log, rows=rows)
            seen.append((evidence(store), finding_records(store)))

    assert len(seen[0][0]) == 34
    assert seen[0] == seen[1] == seen[2]


def test_an_empty_file_is_no_error_and_grows(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "empty.ndjson"
    log.write_text("")
    empty = ingest(store, log)
    log.write_text(lines([event(1)]))

    assert (empty.files[0].messages, empty.files[0].error) == (0, None)
    assert ingest(store, log).files[0].messages == 1


def test_times_that_cannot_be_right_are_evidence_and_are_counted(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "times.ndjson"
    times = ["1970-01-01T00:00:00Z", "2036-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    log.write_text(lines([event(0), *({**event(i), "time": time} for i, time in enumerate(times, 1))]))

    summary = ingest(store, log)

    assert (summary.files[0].events, summary.files[0].odd_times) == (5, 4)
    written = [json.loads(row[2])["event"]["time"] for row in evidence(store)]
    assert written[1:] == [time.replace("Z", ".000000Z") for time in times]
    beside = store.rows("SELECT `event.time` AS time FROM evidence ORDER BY `position.offset`")
    assert [row["time"].year for row in beside] == [2026, 1970, 2036, 1900, 2299]


def test_a_range_vouches_for_its_batch(store: Store, log: Path) -> None:
    ingest(store, log, rows=20)

    ranges = [one for one in store.ranges() if one.source.startswith("file:")]
    assert sorted((one.first, one.last, one.messages, one.skipped, one.events) for one in ranges) == [
        (0, 19, 20, 0, 20),
        (20, 29, 10, 0, 10),
    ]
    assert len({one.merkle_root for one in ranges}) == 2


def test_progress_is_told_after_each_batch(store: Store, log: Path) -> None:
    seen: list[int] = []
    run = Ingest(
        store, context(), now=lambda: NOW, new_id=names(), limits=BatchLimits(rows=10),
        progress=lambda one: seen.append(one.messages),
    )  # fmt: skip
    run.files([log])

    assert seen == [10, 20, 30]
