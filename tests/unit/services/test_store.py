"""The store: what was written, what counts, who may open it."""

import datetime as dt
import json
import random
import resource
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreAwayError, StoreBusyError, StoreError, UsageError
from schemas.records import RECORD_COLUMNS
from services import arrow_streams, migrations
from services.arrow_streams import ArrowStream
from services.store import Store
from services.store_connectors import Embedded
from services.store_settings import DATABASE
from streams.flags import flag_id
from streams.ranges import accept
from streams.record import record
from streams.tables import range_row, tables
from tests.support.evidence import KEYS, VERSIONS, batch_of, decoded_of, facts_of, findings_of
from tests.support.evidence import NOON as NOW
from tests.support.forked import Forked
from tests.support.ranges import range_of
from tests.support.stores import LINUX, counts, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


def _write(store: Store, name: str, first: int, last: int, *, with_range: bool = True) -> None:
    """Write one batch with a finding on each event; without its range, as a killed attempt would leave it."""
    size = last - first + 1
    facts = facts_of([{"position.offset": first + i, "event.id": f"e{first + i}"} for i in range(size)])
    raws = [f'{{"n":{first + i}}}'.encode() for i in range(size)]
    letter = {"offset": first, "part": 1, "reason": "empty", "text": "…", "bytes": 0, "raw": b""}
    recorded = record(
        [decoded_of(facts, raws, [letter])],
        facts,
        findings_of([{"row": i} for i in range(size)]),
        batches=[batch_of(raws, first=first)],
        keys=KEYS,
        versions=VERSIONS,
    )[0]

    of = range_of(name, first, last)
    for table, rows in tables(recorded, of):
        if with_range or table != "range_rows":
            store.insert(table, rows)


@pytest.mark.parametrize("in_files", [pytest.param(True, marks=LINUX), False])
def test_an_insert_has_its_own_rows_alone_however_long_the_one_before_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, *, in_files: bool
) -> None:
    """On Linux the engine reads them from memory that inserts share; elsewhere from a file each."""
    monkeypatch.setattr(arrow_streams, "HAS_MEMFD", in_files)
    sizes = (3, 1_000, 1, 9_000, 2)
    for number, size in enumerate(sizes):
        rows = [{"id": f"{number}-{i}", "at": NOW, "kind": str(number), "text": "x" * 1_000} for i in range(size)]
        store.insert("acts", pl.DataFrame(rows, schema_overrides={"at": pl.Datetime("us", "UTC")}))

    told = store.rows("SELECT kind, count() AS n, uniqExact(id) AS ids FROM acts GROUP BY kind ORDER BY kind")

    assert [(row["n"], row["ids"]) for row in told] == [(size, size) for size in sizes]
    assert not list(store.directory.temporary.iterdir())


def _fill_the_disk(folder: str) -> None:
    rows = [{"id": f"{i}", "at": NOW, "kind": "k", "text": secrets.token_hex(500)} for i in range(2_000)]
    frame = pl.DataFrame(rows, schema_overrides={"at": pl.Datetime("us", "UTC")})
    paths, insert = list[str | None](), Embedded.insert

    def noting(self: Embedded, client: Client, table: str, columns: Sequence[str], rows: ArrowStream) -> None:
        paths.append(rows.path)
        insert(self, client, table, columns, rows)

    Embedded.insert = noting  # type: ignore[method-assign]
    with open_store(Path(folder)) as store:
        store.insert("acts", frame)
        # The memory is there; what the engine makes of it may not be so large any more.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        with pytest.raises(StoreAwayError, match="no space left for writing"):
            store.insert("acts", frame)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        store.insert("acts", frame[:3])
        (told,) = store.rows("SELECT count() AS n, sum(length(text)) AS bytes FROM acts")
        assert told == {"n": 2_003, "bytes": 2_003_000}
    assert len(paths) == 3
    assert None not in paths


@LINUX
def test_a_disk_that_fills_up_while_the_engine_reads_from_memory_is_told(tmp_path: Path) -> None:
    process = Forked(_fill_the_disk, str(tmp_path / "full"), out=tmp_path / "out", err=tmp_path / "err")
    assert (process.ended(60), (tmp_path / "err").read_text()) == (0, "")


def test_rows_of_orphaned_attempts_are_in_no_view(store: Store) -> None:
    _write(store, "a", 0, 4, with_range=False)
    _write(store, "b", 0, 4, with_range=False)
    assert set(counts(store).values()) == {0}

    _write(store, "c", 0, 4)

    assert counts(store) == {"events": 5, "dead_letters": 1, "findings": 5, "flags": 1, "short": 5, "long": 5}
    assert {row["range_id"] for row in store.rows("SELECT DISTINCT range_id FROM evidence")} == {"c"}
    assert store.rows("SELECT count() AS n FROM evidence_rows")[0]["n"] == 18


def test_of_overlapping_ranges_each_position_counts_once(store: Store) -> None:
    _write(store, "b", 0, 4)
    _write(store, "a", 3, 8)
    _write(store, "c", 0, 4)

    shown = store.rows(
        "SELECT `position.offset` AS offset, range_id FROM evidence WHERE kind = 'event' ORDER BY offset"
    )
    assert [row["offset"] for row in shown] == list(range(9))
    assert [row["range_id"] for row in shown] == ["b"] * 5 + ["a"] * 4
    assert counts(store)["findings"] == 9


def test_the_view_of_ranges_is_the_same_fold_as_accept(store: Store) -> None:
    chance = random.Random(7)  # noqa: S311
    ranges = []
    for number in range(60):
        first = chance.randrange(40)
        name = f"{chance.randrange(10**6):06}-{number}"
        where = {"source": chance.choice(["file:a", "file:b"]), "partition": chance.randrange(2)}
        ranges.append(range_of(name, first, first + chance.randrange(12), **where))  # type: ignore[arg-type]
    prefix = [one.range.id for one in accept(ranges) if one.range.source == "file:a" and one.range.partition == 0][:2]

    for one in ranges:
        store.insert("range_rows", range_row(one))
    for sealed in ([], prefix):
        for name in sealed:
            store.client.insert("sealed_ranges", [[name, NOW]], ["range_id", "sealed_at"])
        # A range that comes late and would push sealed ones aside.
        expected = [(one.range.id, one.first, one.last) for one in accept(ranges, set(sealed))]
        rows = store.rows(
            "SELECT id, accepted_first, accepted_last FROM ranges ORDER BY source, partition, accepted_first"
        )
        assert [tuple(row.values()) for row in rows] == expected


def test_sealed_ranges_stay_whatever_comes_later(store: Store) -> None:
    _write(store, "m", 0, 4)
    store.client.insert("sealed_ranges", [["m", NOW]], ["range_id", "sealed_at"])

    _write(store, "a", 0, 9)

    rows = store.rows("SELECT id, accepted_first, accepted_last, sealed FROM ranges ORDER BY accepted_first")
    assert [tuple(row.values()) for row in rows] == [("m", 0, 4, True), ("a", 5, 9, False)]
    assert [(one.range.id, one.first) for one in store.accepted("file:a")] == [("m", 0), ("a", 5)]


def test_ranges_come_back_as_they_were_written(store: Store) -> None:
    written = range_of("a", 3, 9, recorded_at=NOW + dt.timedelta(microseconds=1))

    store.insert("range_rows", range_row(written))

    assert store.ranges("file:a") == [written]
    assert store.ranges("file:b") == []
    assert store.sources() == ["file:a"]


def test_a_flag_has_the_id_that_its_key_gives(store: Store) -> None:
    _write(store, "a", 0, 4)
    flag = store.rows("SELECT * FROM flags")[0]

    key = {name: flag[name] for name in ("rule", "role", "asset", "party", "country", "policy_item", "episode")}
    assert flag["id"] == flag_id(**key)
    assert (flag["events"], flag["positions"], flag["planned"], flag["level"]) == (5, 5, False, "high")


def test_the_same_event_delivered_twice_counts_once_in_a_flag(store: Store) -> None:
    facts = facts_of([{"event.id": "same"}, {"event.id": "same"}, {"event.id": "same"}])
    raws = [b"{}", b"{}", b'{"other":1}']
    recorded = record(
        [decoded_of(facts, raws)], facts, findings_of([{"row": 0}, {"row": 1}, {"row": 2}]), batches=[batch_of(raws)],
        keys=KEYS, versions=VERSIONS,
    )[0]  # fmt: skip
    store.write(recorded, range_of("a", 0, 2))

    assert store.rows("SELECT events, positions FROM flags") == [{"events": 2, "positions": 3}]


def test_every_column_of_a_record_is_a_column_of_the_view(store: Store) -> None:
    row = {
        "asset.region": "ap-northeast-1", "party.abroad": True, "records.count": 2**63 - 1, "records.fields": ["a", "b"],
        "destination.temporary.until": NOW, "destination.encrypted": False, "grant.until": NOW,
        "grant.privileges": ["read"], "party.country": "JP", "operation": "SELECT",
    }  # fmt: skip
    facts = facts_of([row])
    recorded = record(
        [decoded_of(facts, [b"{}"])], facts, findings_of([]), batches=[batch_of([b"{}"])], keys=KEYS, versions=VERSIONS
    )[0]
    store.write(recorded, range_of("a", 0, 0))

    shown = store.rows("SELECT * FROM evidence")[0]
    assert set(RECORD_COLUMNS) < set(shown)
    assert {name: shown[name] for name in row} == row
    assert shown["destination.key"] is None
    assert shown["asset.category"] is None
    written = json.loads(shown["record"])
    assert shown["commitments.short"] == written["commitments"]["short"]
    assert shown["leaf_hash"] == recorded.evidence["leaf_hash"][0].hex()


def test_versions_are_kept_once_in_a_row_and_found_by_their_beginning(store: Store) -> None:
    assert store.save_version("register", "aa11", "{}", entries=0, now=NOW)
    assert not store.save_version("register", "aa11", "{}", entries=0, now=NOW)
    assert store.save_version("register", "bb22", "[]", entries=3, now=NOW + dt.timedelta(days=1))
    assert store.save_version("register", "aa11", "{}", entries=0, now=NOW + dt.timedelta(days=2))

    assert [row["sha256"] for row in store.versions("register")] == ["aa11", "bb22", "aa11"]
    assert store.current_version("register") == "aa11"
    assert store.current_version("rulebook") is None
    assert store.version_content("register", "bb") == "[]"
    assert store.version_content("register", "") is None


def test_two_processes_cannot_hold_one_data_directory(store: Store) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n"
        "import datetime as dt\nfrom pathlib import Path\nfrom services.store import Store\n"
        f"Store.open(Path({str(store.directory.path)!r}), now=dt.datetime.now(dt.UTC))\n"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "StoreBusyError" in other.stderr
    with pytest.raises(StoreBusyError, match=r"process \d+ is working with it"):
        open_store(store.directory.path)
    assert counts(store)["events"] == 0


def test_a_store_opens_again_after_it_was_closed(tmp_path: Path) -> None:
    for _ in range(2):
        with open_store(tmp_path / "data") as store:
            assert counts(store)["events"] == 0


def test_who_opens_a_store_goes_on_with_the_client_that_looked_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(tmp_path / "before").close()  # the first store of a process is made, and copied from then on
    clients: list[str | None] = []
    new_client = Embedded.client

    def counted(self: Embedded, *, database: str | None, settings: Mapping[str, Any]) -> Client:
        clients.append(database)
        return new_client(self, database=database, settings=settings)

    monkeypatch.setattr(Embedded, "client", counted)
    with open_store(tmp_path / "data") as store, ThreadPoolExecutor(1) as other:
        where = "SELECT currentDatabase() AS name"
        assert store.rows(where) == other.submit(store.rows, where).result() == [{"name": DATABASE}]
        assert counts(store)["events"] == 0

    assert clients == [None, DATABASE], "another client of one thread starts the engine a second time"


def test_nothing_is_made_where_only_reading_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no evidence here"):
        Store.open(tmp_path / "none", now=NOW)
    assert not (tmp_path / "none").exists()


def test_a_data_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="not a directory"):
        open_store(tmp_path / "file")


def test_a_store_of_a_newer_or_another_program_is_refused_and_an_older_one_wants_migrate(tmp_path: Path) -> None:
    path = tmp_path / "data"
    last = migrations.known()[-1].name
    with open_store(path) as store:
        store.client.command(f"ALTER TABLE migrations DELETE WHERE name = '{last}' SETTINGS mutations_sync = 1")
    with pytest.raises(StoreError, match="run `ashiato migrate`"):
        open_store(path)
    with Store.open(path, now=NOW, migrate=True) as store:
        assert len(store.rows("SELECT name FROM migrations")) == len(migrations.known())
        store.client.insert("migrations", [["9999_future", "0", NOW]], ["name", "sha256", "applied_at"])
    with pytest.raises(StoreError, match="newer than this program"):
        open_store(path)
    with pytest.raises(StoreError, match="newer than this program"):
        Store.open(path, now=NOW, migrate=True)


def test_what_a_killed_insert_left_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with open_store(path):
        (path / "tmp" / "left.raw").write_text("personal")
    with open_store(path):
        assert list((path / "tmp").iterdir()) == []
    assert (path.stat().st_mode & 0o777) == 0o700


def test_errors_of_the_engine_do_not_quote_values(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        store.insert("range_rows", pl.DataFrame({"id": ["x"], "first": ["taro@example.co.jp"]}))
    assert "taro" not in str(caught.value)
    with pytest.raises(StoreError, match="the store cannot be read"):
        store.rows("SELECT nothing FROM nowhere")


def test_the_content_beside_a_record_is_that_of_the_record_for_rows_of_before_too(store: Store) -> None:
    beside = (
        "SELECT `event.content` AS beside, JSONExtractString(record, 'event', 'content') AS inside FROM evidence_rows"
    )
    _write(store, "a", 0, 4)
    now = store.rows(f"{beside} ORDER BY `position.offset`, `position.part`")

    store.client.command("ALTER TABLE evidence_rows DROP COLUMN `event.content`")
    shape = migrations.Shape(store.database)
    (migration,) = (one for one in migrations.known() if one.name == "0004_event_content")
    for statement in migration.statements(shape):
        store.client.command(statement)
    _write(store, "b", 5, 6)

    rows = store.rows(f"{beside} ORDER BY `position.offset`, `position.part`")
    assert rows[: len(now)] == now
    assert all(row["beside"] == row["inside"] for row in rows)
    assert [len(row["beside"]) for row in rows] == [32, 0, 32, 32, 32, 32, 32, 0, 32]


def test_the_engine_merges_in_one_thread_eight_at_a_time(store: Store) -> None:
    rows = store.rows("SELECT name, value FROM system.server_settings WHERE name LIKE 'background_%'")
    of = {row["name"]: row["value"] for row in rows}

    assert of["background_pool_size"] == "1"
    assert of["background_merges_mutations_concurrency_ratio"] == "8"


def test_more_parts_than_the_engine_can_merge_are_waited_for(store: Store) -> None:
    store.client.command("ALTER TABLE range_rows MODIFY SETTING parts_to_throw_insert = 1")
    _write(store, "one", 0, 1)

    with pytest.raises(StoreAwayError, match="more parts than it can merge"):
        _write(store, "two", 2, 3)

    store.client.command("ALTER TABLE range_rows RESET SETTING parts_to_throw_insert")
    _write(store, "two", 2, 3)
    assert [row["id"] for row in store.rows("SELECT id FROM ranges ORDER BY id")] == ["one", "two"]
