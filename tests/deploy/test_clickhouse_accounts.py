"""deploy/clickhouse: the accounts may do what their work takes and nothing else. The real engine decides.

It runs with the configuration that the server gets, as one account at a time (see `tests.support.deployed`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.errors import StoreError
from services.acts import record_read
from services.clock import utc_now
from services.doctor_server import check_server
from services.keys import PSEUDONYM_KEY
from services.query import run_query
from services.store import Store
from tests.support.clickhouse_front import Front, running_front
from tests.support.deployed import clickhouse_as, made_secrets
from tests.support.stores import NOW, event, ingest, lines, names

FORBIDDEN = [
    "DROP TABLE evidence_rows",
    "TRUNCATE TABLE evidence_rows",
    "ALTER TABLE evidence_rows DELETE WHERE 1",
    "ALTER TABLE evidence_rows UPDATE record = '' WHERE 1",
    "DELETE FROM range_rows WHERE 1",
    "ALTER TABLE evidence_rows DROP PARTITION tuple()",
    "RENAME TABLE acts TO no_acts",
    "OPTIMIZE TABLE evidence_rows FINAL DEDUPLICATE",
    "CREATE USER intruder",
    "GRANT ALL ON *.* TO default",
    "SELECT name FROM system.users",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SYSTEM SHUTDOWN",
]
PERSONAL_OR_RECORDS = [
    "SELECT count() FROM evidence",
    "SELECT count() FROM evidence_rows",
    "SELECT count() FROM personal_short",
    "SELECT count() FROM personal_long_rows",
    "SELECT count() FROM dead_letters",
    "SELECT count() FROM findings",
    "SELECT count() FROM flags",
    "SELECT count() FROM acts",
    "SELECT content FROM versions",
]

APPENDS = [
    "INSERT INTO versions (kind) SELECT 'register'",
    "INSERT INTO range_rows (id) SELECT 'a'",
    "INSERT INTO evidence_rows (range_id) SELECT 'a'",
]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return a folder whose store has the tables, made by the account that is there for it."""
    made_secrets(tmp_path / "secrets")
    with connected("migrator", tmp_path, create=True) as store:
        assert store.rows("SELECT count() AS n FROM migrations")[0]["n"] > 0
    return tmp_path


@contextmanager
def serving(account: str, folder: Path) -> Iterator[Front]:
    """Run the engine as an account."""
    with running_front(folder / "data", config=clickhouse_as(account, folder / "secrets", folder)) as front:
        yield front


@contextmanager
def connected(account: str, folder: Path, *, create: bool = False) -> Iterator[Store]:
    """Run the engine as an account, and connect a store to it."""
    with serving(account, folder) as front:
        store = Store.connect(front.settings(), folder / "keys", now=NOW, create=create, migrate=create)
        try:
            yield store
        finally:
            store.close()


def assert_refused(store: Store, statement: str) -> None:
    with pytest.raises(StoreError, match=r"ACCESS_DENIED|READONLY|Not enough privileges"):
        store.rows(statement)


def test_the_migrator_makes_the_tables_and_can_remove_or_change_no_row(made: Path) -> None:
    with connected("migrator", made, create=True) as store:
        for statement in FORBIDDEN:
            assert_refused(store, statement)


def test_the_recorder_records_and_can_remove_or_change_nothing(made: Path) -> None:
    with connected("recorder", made) as store:
        (made / "day.ndjson").write_text(lines(event(number) for number in range(20)))
        ingest(store, made / "day.ndjson")
        assert store.rows("SELECT count() AS n FROM evidence WHERE kind = 'event'")[0]["n"] == 20
        assert store.rows("SELECT count() AS n FROM findings")[0]["n"] > 0
        for statement in [*FORBIDDEN, "CREATE TABLE more (a Int8) ENGINE = Memory", "CREATE VIEW more AS SELECT 1"]:
            assert_refused(store, statement)


def test_the_analyst_reads_leaves_acts_and_can_do_nothing_else(made: Path) -> None:
    with connected("recorder", made) as store:
        (made / "day.ndjson").write_text(lines(event(number) for number in range(3)))
        ingest(store, made / "day.ndjson")
    with serving("analyst", made) as front, Store.connect(front.settings(), made / "keys", now=NOW) as store:
        store.directory.make_for_keys()
        (store.directory.keys / PSEUDONYM_KEY).touch(0o600)
        (store.directory.keys / PSEUDONYM_KEY).write_text("ab" * 32)
        assert run_query(store, "SELECT count() AS n FROM evidence")[1] == [{"n": 3}]
        record_read(store, "SELECT count() AS n FROM evidence", 1, now=NOW, new_id=names("act"))
        assert store.rows("SELECT rows FROM acts") == [{"rows": 1}]
        for statement in [*FORBIDDEN, *APPENDS]:
            assert_refused(store, statement)
        found = {check.name: check for check in check_server(front.settings(), made / "keys", utc_now)}
        assert {name for name, check in found.items() if check.state == "fail"} == set()
        assert (found["account"].state, found["fsync"].state) == ("ok", "ok")


def test_the_reader_sees_that_ranges_are_whole_and_neither_records_nor_persons(made: Path) -> None:
    with connected("reader", made) as store:
        assert store.rows("SELECT source, partition, accepted_first, accepted_last FROM ranges") == []
        assert store.rows("SELECT kind, sha256, recorded_at, entries FROM versions") == []
        for statement in [
            *FORBIDDEN, *PERSONAL_OR_RECORDS,
            "INSERT INTO sealed_ranges SELECT 'r1', now()",
            "SELECT 1 SETTINGS max_execution_time = 0",
        ]:  # fmt: skip
            assert_refused(store, statement)
