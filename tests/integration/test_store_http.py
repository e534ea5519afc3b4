"""The store over HTTP: all is as in the embedded one, and no fault on the way loses or doubles a row."""

from __future__ import annotations

import asyncio
import itertools
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from schemas.errors import StoreAwayError, StoreError, UsageError
from services.context import builtin_rulebook
from services.flags import flag_findings, list_flags
from services.query import run_query
from services.store import Store
from streams.batch import RawBatch
from streams.decode import decode_all
from streams.outgoing import Outgoing
from streams.tables import range_row
from tests.support.clickhouse_front import TLS, Fault, Front, running_front
from tests.support.front_login import PASSWORD
from tests.support.ranges import range_of
from tests.support.recorders import Told, Watcher, messages, recording
from tests.support.stores import NOW, counts, event, evidence, finding_records, ingest, lines, open_store

VIEWS = ("evidence", "findings", "flags", "ranges", "personal_short", "personal_long", "dead_letters")
ODD = "db/'顧客'/\\x/{y:String}"
EVENTS = 12
_numbers = itertools.count()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with running_front(tmp_path_factory.mktemp("front")) as front:
        yield front


@pytest.fixture
def database(front: Front) -> str:
    """Return the name of a database that no other test uses, on a server on which all goes well."""
    front.faults()
    return f"test_{next(_numbers)}"


@pytest.fixture
def store(front: Front, database: str, tmp_path: Path) -> Iterator[Store]:
    with _connect(front, database, tmp_path) as store:
        yield store


def _connect(front: Front, database: str, path: Path, **more: Any) -> Store:
    return Store.connect(front.settings(database, **more), path / "keys", now=NOW, create=True)


def _everything(store: Store) -> dict[str, list[str]]:
    return {view: sorted(repr(row) for row in store.rows(f"SELECT * FROM {view}")) for view in VIEWS}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with events, one of them in words that need care, and a message that cannot be read."""
    path = tmp_path_factory.mktemp("log") / "access.ndjson"
    odd = event(90, purpose='it\'s "中継"\t\\n 🐾', asset={"locator": ODD})
    path.write_text(lines([*(event(i) for i in range(30)), odd, event(3, action="export")]) + "{no json\n")
    return path


@pytest.fixture(scope="module")
def embedded(log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """Return the file, all that the embedded store shows of it, and its flags."""
    with open_store(tmp_path_factory.mktemp("embedded") / "data") as store:
        ingest(store, log)
        return log, _everything(store), list_flags(store, builtin_rulebook())


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_recording_flags_and_queries_are_the_same_as_in_the_embedded_store(
    compression: str, front: Front, database: str, embedded: tuple[Any, ...], tmp_path: Path
) -> None:
    log, expected, flags = embedded
    with _connect(front, database, tmp_path, compression=compression) as store:
        ingest(store, log)
        assert _everything(store) == expected
        assert list_flags(store, builtin_rulebook()) == flags
        assert flag_findings(store, flags[0], 5)
        odd = "SELECT count() AS n FROM personal_short WHERE `asset.locator` = {name:String}"
        assert store.rows(odd, {"name": ODD}) == [{"n": 1}]
        again = ingest(store, log)
        assert again.total("messages") == 0
        assert run_query(store, "SELECT count() AS n FROM evidence")[1] == [{"n": 33}]
    with _connect(front, database, tmp_path) as store:
        assert _everything(store) == expected


def test_queries_of_people_only_read(store: Store) -> None:
    for sql in ("SELECT * FROM nothing", "WITH 1 AS x SELECT y"):
        with pytest.raises(UsageError, match="the query cannot be answered"):
            run_query(store, sql)
    with pytest.raises(UsageError, match="queries only read"):
        run_query(store, "SELECT 1 SETTINGS readonly = 0")
    client = store.new_client(settings={"readonly": 1})
    with pytest.raises(Exception, match="READONLY"):
        client.command("DROP TABLE evidence_rows")
    client.close()


def test_several_processes_record_into_one_server_at_once(
    front: Front, database: str, tmp_path: Path, store: Store
) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from services.store import Store; from tests.support.clickhouse_front import *\n"
        "from tests.support.stores import *\n"
        "url, database, log, keys = sys.argv[1:]\n"
        "settings = StoreSettings(url=url, user=USER, password=PASSWORD, database=database)\n"
        "with Store.connect(settings, Path(keys), now=NOW) as store: ingest(store, Path(log), prefix=Path(log).stem)\n"
    )
    running = []
    for number in range(3):
        log = tmp_path / f"log{number}.ndjson"
        log.write_text(lines(event(100 * number + i) for i in range(20)))
        command = [sys.executable, "-c", program, front.url, database, str(log), str(tmp_path / "shared")]
        running.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    for process in running:
        assert process.communicate()[1] == ""
        assert process.returncode == 0

    assert counts(store)["events"] == 60
    assert len(store.sources()) == 3  # three files; a review that finds nothing writes no range


FAULTS = {
    "reset": [Fault("reset", times=2)],
    "cut before": [Fault("cut_before", "INTO finding_rows")],
    "cut after": [Fault("cut_after", "INTO evidence_rows")],
    "cut after, twice": [Fault("cut_after", "INTO personal_short_rows", times=2)],
    "half of the rows": [Fault("half", "INTO evidence_rows")],
    "half of the findings": [Fault("half", "INTO finding_rows")],
    "written later, when nobody waits any more": [Fault("slow", "INTO evidence_rows", seconds=1.6)],
    "no answer": [Fault("hang", "INTO personal_long_rows", seconds=1.6)],
    "a proxy without a server": [Fault("status", "INTO evidence_rows", code=503)],
    "no memory": [Fault("error", "INTO evidence_rows", code=241)],
    "too many parts, then read-only": [Fault("error", "INTO", code=252), Fault("error", "INTO", skip=1, code=242)],
    "the range's answer is lost": [Fault("cut_after", "INTO range_rows")],
    "the range's answer is lost, twice": [Fault("cut_after", "INTO range_rows", times=2)],
    "the range is written later": [Fault("slow", "INTO range_rows", seconds=1.6)],
    "the range never comes": [Fault("cut_before", "INTO range_rows", times=2)],
}


def _batch(first: int, count: int) -> RawBatch:
    offsets = list(range(first, first + count))
    return RawBatch(
        source="kafka:audit.events", partition=0, format="native", offsets=offsets, messages=messages(offsets),
        first=first, last=offsets[-1],
    )  # fmt: skip


async def _record(store: Store, *, prefix: str = "r") -> tuple[list[Outgoing], Watcher]:
    """Record two batches, one after the other, as the recorder does."""
    told, watcher = Told(), Watcher()
    step = recording(store, told.publish, prefix=prefix, observer=watcher)
    try:
        for first in (0, EVENTS):
            batches = [_batch(first, EVENTS)]
            assert await step.commit(step.prepare(batches, decode_all(batches)))
    finally:
        step.close()
    return told.messages, watcher


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """Return what a run shows that nothing disturbs."""
    with open_store(tmp_path_factory.mktemp("clean") / "data") as store:
        asyncio.run(_record(store))
        return counts(store), evidence(store), finding_records(store)


@pytest.mark.parametrize("name", FAULTS)
def test_after_a_fault_of_the_store_nothing_is_lost_and_nothing_is_twice(
    name: str, front: Front, database: str, tmp_path: Path, clean: tuple[Any, ...]
) -> None:
    with _connect(front, database, tmp_path, request_seconds=1) as store:
        front.faults(*FAULTS[name])
        _, watcher = asyncio.run(_record(store))
        front.faults()

    assert watcher.retries, "nothing was tried again: the fault did not happen"
    with _connect(front, database, tmp_path) as store:
        assert (counts(store), evidence(store), finding_records(store)) == clean
        assert [(one.first, one.last) for one in store.accepted("kafka:audit.events")] == [(0, 11), (12, 23)]


def test_rows_written_by_an_insert_without_an_answer_stay_outside_for_ever(
    front: Front, database: str, tmp_path: Path, clean: tuple[Any, ...]
) -> None:
    with _connect(front, database, tmp_path) as store:
        front.faults(Fault("cut_after", "INTO evidence_rows"))
        asyncio.run(_record(store))

        rows = store.rows("SELECT range_id, count() AS n FROM evidence_rows GROUP BY range_id ORDER BY range_id")
        assert [row["n"] for row in rows] == [EVENTS] * 3
        counted = {one.range.id for one in store.accepted("kafka:audit.events")}
        assert len(counted) == 2
        assert {row["range_id"] for row in store.rows("SELECT range_id FROM evidence")} == counted
        assert evidence(store) == clean[1]


def test_an_insert_goes_out_once_and_its_range_id_is_spent_when_it_fails(front: Front, store: Store) -> None:
    rows = range_row(range_of("a", 0, 0))
    evidence_row = {"range_id": "a", "recorded_at": NOW, "position.offset": 0, "record": "{}", "leaf_hash": b"x" * 32}
    frame = pl.DataFrame([evidence_row])
    front.faults(Fault("cut_after", "INTO evidence_rows"))

    with pytest.raises(StoreAwayError, match="rows cannot be written to evidence_rows"):
        store.insert("evidence_rows", frame)

    assert front.seen().count("INSERT INTO evidence_rows") == 1
    assert store.rows("SELECT count() AS n FROM evidence_rows") == [{"n": 1}]
    for table, again in (("evidence_rows", frame), ("range_rows", rows)):
        with pytest.raises(StoreError, match="under a new range id"):
            store.insert(table, again)
    store.insert("evidence_rows", frame.with_columns(range_id=pl.lit("b")))
    store.insert("range_rows", range_row(range_of("b", 0, 0)))
    assert [row["range_id"] for row in store.rows("SELECT range_id FROM evidence")] == ["b"]


def test_a_server_that_is_killed_and_comes_back_is_waited_for(tmp_path: Path, clean: tuple[Any, ...]) -> None:
    with running_front(tmp_path / "front") as front, _connect(front, "killed", tmp_path) as store:
        front.kill()
        with pytest.raises(StoreAwayError, match="it refuses connections"):
            store.rows("SELECT 1")
        back = threading.Timer(1.0, front.start)
        back.start()
        _, watcher = asyncio.run(_record(store))
        back.join()

        assert "rows" in watcher.retries
        assert (counts(store), evidence(store), finding_records(store)) == clean


def test_what_cannot_be_mended_by_waiting_stops_at_once(front: Front, database: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has no tables yet") as caught:
        Store.connect(front.settings(database), tmp_path / "keys", now=NOW)
    assert not isinstance(caught.value, StoreAwayError)
    with pytest.raises(StoreError, match="does not let us in") as caught:
        _connect(front, database, tmp_path, password="wrong, and nobody's business")
    assert not isinstance(caught.value, StoreAwayError)
    assert "business" not in str(caught.value)
    with _connect(front, database, tmp_path) as store, pytest.raises(StoreError, match="UNKNOWN_TABLE") as caught:
        store.rows("SELECT * FROM nothing_like_it")
    assert not isinstance(caught.value, StoreAwayError)


def test_no_secret_and_no_value_reaches_errors_or_logs(
    front: Front, database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = []
    settings = front.settings(database, request_seconds=1)
    with Store.connect(settings, tmp_path / "keys", now=NOW, create=True) as store:
        for fault in (
            Fault("hang", seconds=1.5),
            Fault("cut_before", times=2),
            Fault("error"),
            Fault("status", code=502),
        ):
            front.faults(fault)
            with pytest.raises(StoreAwayError) as caught:
                store.rows("SELECT {name:String}", {"name": "hanako@example.jp"})
            texts += [str(caught.value), repr(caught.value)]
        store.rows("SELECT {name:String}", {"name": "hanako@example.jp"})

    text = "\n".join([*texts, caplog.text, repr(settings), str(settings), settings.model_dump_json()])
    assert "hanako" not in text
    assert PASSWORD not in text


@pytest.fixture(scope="module")
def tls_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with running_front(tmp_path_factory.mktemp("tls"), tls=True) as front:
        yield front


def test_tls_with_a_password_out_of_a_file(tls_front: Front, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    given = {"password": None, "password_file": tmp_path / "password", "ca_file": TLS / "ca.pem"}
    with _connect(tls_front, "by_password", tmp_path, **given) as store:
        assert counts(store)["events"] == 0


def test_tls_with_a_certificate_in_place_of_a_password(tls_front: Front, tmp_path: Path) -> None:
    ours = {"client_certificate_file": TLS / "crm.pem", "client_key_file": TLS / "crm.key"}
    with _connect(tls_front, "by_certificate", tmp_path, password=None, ca_file=TLS / "ca.pem", **ours) as store:
        assert counts(store)["events"] == 0


def test_a_certificate_of_nobody_we_know_is_refused_for_good(tls_front: Front, tmp_path: Path) -> None:
    for authority in (TLS / "stranger-ca.pem", None):
        with pytest.raises(StoreError, match="certificate cannot be trusted") as caught:
            _connect(tls_front, "never", tmp_path, ca_file=authority)
        assert not isinstance(caught.value, StoreAwayError)
