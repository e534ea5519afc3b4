"""kill -9 and a full disk in the middle of recording: nothing is lost, nothing counts twice, one more run heals all."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.crash import Plan, record
from tests.support.stores import counts, event, evidence, finding_records, lines, open_store

EVENTS = 40
ROWS = 10
MORE = 1000
Seen = tuple[dict[str, int], list[tuple[object, ...]], list[str]]
INSERTS_OF_A_BATCH = 5  # evidence, short, long, findings, range


def _run(data: Path, log: Path, inserts: int, prefix: str, rows: int = ROWS) -> int:
    code, _ = record(Plan(str(data), str(log), rows, prefix, inserts), log.parent)
    return code


def _seen(data: Path) -> Seen:
    with open_store(data) as store:
        return counts(store), evidence(store), finding_records(store)


# One identity is used for two contents, so that the review after the files has something to find.
LOG = lines([*(event(i) for i in range(EVENTS - 1)), event(3, action="export")])


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return what one run shows that nothing interrupts."""
    path = tmp_path_factory.mktemp("clean")
    (path / "access.ndjson").write_text(LOG)
    assert _run(path / "data", path / "access.ndjson", -1, "c") == 0
    return _seen(path / "data")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.ndjson"
    path.write_text(LOG)
    return path


def test_killed_at_any_insert_and_run_again_all_is_as_after_one_clean_run(
    tmp_path: Path, log: Path, clean: Seen
) -> None:
    assert clean[0]["events"] == EVENTS
    points = {
        "a": INSERTS_OF_A_BATCH * 2 - 1,  # the second batch has its rows, but not its range row
        "b": 2,  # the same batch again, in the middle of its rows
        "c": INSERTS_OF_A_BATCH,  # right after its range row
        "d": INSERTS_OF_A_BATCH * 2 + 1,  # all is read; the review has its findings, but not their range row
        "e": 2,  # the review has its findings, but has not said that it is done
    }
    data = tmp_path / "killed"
    for attempt, inserts in points.items():
        assert _run(data, log, inserts, attempt) == -signal.SIGKILL, f"attempt {attempt} ended by itself"
        with open_store(data) as store:
            seen = counts(store)
            assert seen["events"] % ROWS == 0
            assert seen["events"] == seen["short"] == seen["long"]
    assert _run(data, log, -1, "z") == 0

    assert _seen(data) == clean
    with open_store(data) as store:
        rows = store.rows("SELECT count() AS n FROM evidence_rows")[0]["n"]
    assert rows > EVENTS, "no attempt left orphaned rows: the test did not test it"


def test_a_full_disk_is_told_and_the_same_command_goes_on_when_there_is_room(
    tmp_path: Path, log: Path, clean: Seen
) -> None:
    data = tmp_path / "full"
    assert _run(data, log, -1, "a") == 0
    with log.open("a") as file:
        # Texts that do not compress, so that the files of one insert outgrow the limit.
        file.write(lines(event(i, purpose=os.urandom(1500).hex()) for i in range(100, 100 + MORE)))
    code, told = record(Plan(str(data), str(log), MORE // 2, "b"), tmp_path, file_bytes=400_000)

    assert code == 1
    assert "schemas.errors.StoreAwayError" in told
    assert "no space left for writing" in told
    assert "goes on where it stopped" in told
    with open_store(data) as store:
        assert evidence(store) == clean[1]
    assert _run(data, log, -1, "c", rows=MORE // 2) == 0
    with open_store(data) as store:
        assert counts(store)["events"] == EVENTS + MORE
