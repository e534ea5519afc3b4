"""query only reads: whatever else is asked is refused by the engine or before it."""

from collections.abc import Iterator

import pytest

from schemas.errors import UsageError
from services import query
from services.acts import record_read
from services.query import run_query
from services.store import Store
from streams.merkle import leaf_hash
from tests.support.stores import NOW, event, ingest, lines, names, open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("query")
    log = path / "a.ndjson"
    log.write_text(lines(event(i) for i in range(5)))
    with open_store(path / "data") as store:
        ingest(store, log)
        yield store


def test_dotted_names_are_columns(store: Store) -> None:
    columns, rows = run_query(store, "SELECT `asset.key`, event.kind FROM evidence ORDER BY `position.offset` LIMIT 1")

    assert columns == ["asset.key", "event.kind"]
    assert rows[0]["event.kind"] == "access"


@pytest.mark.parametrize(
    "sql",
    ["-- a comment\nSELECT 1", "/* one */ (SELECT 1) UNION ALL SELECT 2", "with 1 as x select x", "SHOW TABLES",
     "describe evidence", "EXPLAIN SELECT 1"],
)  # fmt: skip
def test_whatever_reads_is_answered(store: Store, sql: str) -> None:
    assert run_query(store, sql)[1]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO acts (id) VALUES ('x')",
        "ALTER TABLE evidence_rows DELETE WHERE 1",
        "DROP TABLE evidence_rows",
        "SET readonly = 0",
        "SYSTEM SHUTDOWN",
        "",
        "SELECT 1; DROP TABLE evidence_rows",
        "WITH x AS (SELECT 1) INSERT INTO acts (id) SELECT 'x'",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_result_rows = 0",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'CSV', 'a String')",
        "SELECT * FROM remote('127.0.0.1:1', 'ashiato', 'acts')",
        "SELECT * FROM executable('ls', 'CSV', 'x String')",
        "SELECT * FROM Python(store)",
        "SELECT 1 INTO OUTFILE '/tmp/x.csv' FORMAT CSV",
        "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/hostname')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/hostname' AS a)",
        "SELECT 1 INTO OUTFILE '/tmp/x.csv'",
        "SELECT 1; SELECT 2",
        "DESCRIBE file('/etc/passwd', 'LineAsString')",
    ],
)
def test_whatever_writes_or_leaves_the_store_is_refused(store: Store, sql: str) -> None:
    before = store.rows("SELECT count() AS n FROM evidence_rows")

    with pytest.raises(UsageError):
        run_query(store, sql)

    assert store.rows("SELECT count() AS n FROM evidence_rows") == before
    assert store.rows("SELECT count() AS n FROM acts WHERE id = 'x'")[0]["n"] == 0


HARMLESS = {
    "SQLStandardValues", "fuzzJSON", "fuzzQuery", "generateRandom", "generateSeries", "generate_series", "input",
    "mergeTreeAnalyzeIndexes", "mergeTreeAnalyzeIndexesUUID", "mergeTreeCodecBlockCounts", "mergeTreeIndex",
    "mergeTreeProjection", "mergeTreeTextIndex", "null", "numbers", "numbers_mt", "primes", "values", "view",
    "viewIfPermitted", "zeros", "zeros_mt",
}  # fmt: skip
"""Table functions that make rows up, or read a table that may be read anyway."""


def test_each_table_function_that_the_engine_lets_through_is_harmless_or_refused(store: Store) -> None:
    """Another version of the engine may let more through: then somebody has to look at it."""
    names = {row["name"] for row in store.rows("SELECT name FROM system.table_functions WHERE allow_readonly")}
    assert "merge" in names
    for name in names - HARMLESS:
        with pytest.raises(UsageError, match=f"it calls {name.lower()}"):
            run_query(store, f"SELECT * FROM {name}('a', 'b')")


def test_too_many_rows_are_refused_with_advice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MAX_ROWS", 3)
    with pytest.raises(UsageError, match="add LIMIT, or count"):
        run_query(store, "SELECT number FROM numbers(1000)")


def test_a_wrong_name_is_told_with_where_to_look(store: Store) -> None:
    with pytest.raises(UsageError, match=r"nosuch.*DESCRIBE evidence"):
        run_query(store, "SELECT nosuch FROM evidence")


def test_reading_leaves_an_act_that_names_nobody_in_its_record(store: Store) -> None:
    sql = "SELECT * FROM personal_long WHERE `actor.subject` = 'user-3'"
    record_read(store, sql, 7, now=NOW, new_id=names("act"))

    act = store.rows("SELECT * FROM acts WHERE id = 'act000000'")[0]
    assert (act["kind"], act["rows"], act["at"], act["text"]) == ("evidence_read", 7, NOW, sql)
    assert "user-3" not in act["record"]
    assert len(act["actor"]) == 16
    stored = store.rows("SELECT hex(leaf_hash) AS leaf FROM acts WHERE id = 'act000000'")[0]["leaf"]
    assert bytes.fromhex(stored) == leaf_hash(act["record"].encode())
    record_read(store, sql + " ", 7, now=NOW, new_id=names("other"))
    other = store.rows("SELECT subject FROM acts WHERE id = 'other000000'")[0]
    assert other["subject"] != act["subject"]


def test_who_acts_is_the_same_pseudonym_each_time(store: Store) -> None:
    for prefix in ("p", "q"):
        record_read(store, "flags list", 1, now=NOW, new_id=names(prefix))
    assert len(store.rows("SELECT DISTINCT actor FROM acts")) == 1
