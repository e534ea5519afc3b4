"""What the engine says that it has written is there: with a real engine and files that are really too short."""

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreAwayError, StoreError
from services import store_connectors, written_parts
from services.local_front import LocalFront
from services.store import Store
from services.store_connectors import engine_of
from services.store_settings import DATABASE
from services.written_parts import Engine, WrittenParts, is_whole
from tests.support.stores import NOW, open_store

ACTS = (DATABASE, "acts")
PARTS = """
    SELECT name, path, level, bytes_on_disk FROM system.parts
    WHERE database = currentDatabase() AND table = 'acts' AND active ORDER BY name
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


def act(name: str) -> pl.DataFrame:
    row = {"id": name, "at": NOW, "kind": "k", "text": name * 100}
    return pl.DataFrame([row], schema_overrides={"at": pl.Datetime("us", "UTC")})


def version(name: str) -> pl.DataFrame:
    row = {"kind": "register", "sha256": name, "recorded_at": NOW, "entries": 1, "content": name}
    return pl.DataFrame([row], schema_overrides={"recorded_at": pl.Datetime("us", "UTC")})


def ids(store: Store) -> list[str]:
    return sorted(row["id"] for row in store.rows("SELECT id, text FROM acts"))


def shorten(part: Mapping[str, Any], file: str = "data.bin") -> None:
    path = Path(part["path"], file)
    os.truncate(path, path.stat().st_size - 1)


def test_parts_as_the_engine_writes_and_merges_them_are_whole(store: Store) -> None:
    for name in "abc":
        store.insert("acts", act(name))
    assert [is_whole(part) for part in store.rows(PARTS)] == [True] * 3

    store.client.command("OPTIMIZE TABLE acts FINAL")

    assert [(part["level"], is_whole(part)) for part in store.rows(PARTS)] == [(1, True)]
    store.insert("acts", act("d"))
    assert ids(store) == [*"abcd"]


@pytest.mark.parametrize("file", ["data.bin", "data.cmrk4", "count.txt", "primary.cidx"])
def test_a_part_of_which_a_file_is_a_byte_short_is_not_whole(store: Store, file: str) -> None:
    store.insert("acts", act("a"))
    (part,) = store.rows(PARTS)

    shorten(part, file)

    assert not is_whole(part)


@pytest.mark.parametrize("file", ["columns.txt", "checksums.txt"])
def test_a_part_of_which_a_file_is_empty_is_not_whole(store: Store, file: str) -> None:
    store.insert("acts", act("a"))
    (part,) = store.rows(PARTS)

    os.truncate(Path(part["path"], file), 0)

    assert not is_whole(part)


def test_a_part_that_is_gone_when_it_is_looked_at_again_is_no_concern(store: Store) -> None:
    parts, asked = WrittenParts(store.connector.where), engine_of(store.client)
    seen = itertools.count()

    def rows(sql: str, parameters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        gone = {
            "database": DATABASE,
            "table": "acts",
            "name": "202611_9_9_0",
            "path": str(store.directory.path / "gone"),
            "bytes_on_disk": 1,
        }
        return [*asked.rows(sql, parameters), *([gone] if next(seen) == 1 else [])]

    with parts.checked(replace(asked, rows=rows), [ACTS]):
        store.insert("acts", act("a"))

    assert next(seen) == 3
    assert ids(store) == ["a"]


def test_a_folder_within_a_part_is_counted_with_what_it_holds(store: Store) -> None:
    store.client.command("CREATE TABLE wide (a UInt64, PROJECTION p (SELECT sum(a))) ENGINE = MergeTree ORDER BY a")
    with WrittenParts(store.connector.where).checked(engine_of(store.client), [(DATABASE, "wide")]):
        store.client.command("INSERT INTO wide SELECT number FROM numbers(100)")
    (part,) = store.rows(PARTS.replace("'acts'", "'wide'"))
    assert is_whole(part)
    assert [one for one in Path(part["path"]).iterdir() if one.is_dir()]


def test_rows_of_a_short_part_are_taken_out_and_may_be_written_again(store: Store) -> None:
    parts = WrittenParts(store.connector.where)
    store.insert("acts", act("a"))

    with pytest.raises(StoreAwayError, match="no space left for writing"):
        insert_short(store, parts, "b")

    assert ids(store) == ["a"]
    with parts.checked(engine_of(store.client), [ACTS]):
        store.insert("acts", act("b"))
    assert ids(store) == ["a", "b"]


def test_inserts_into_several_tables_are_looked_at_once_and_each_short_part_is_taken_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, queries = Counter[tuple[str, ...]](), engine_of

    def counting(client: Client) -> Engine:
        engine = queries(client)

        def rows(sql: str, parameters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
            asked[tuple(parameters["tables"])] += 1
            return engine.rows(sql, parameters)

        return replace(engine, rows=rows)

    monkeypatch.setattr(store_connectors, "engine_of", counting)
    store.insert_all([("versions", version("a")), ("acts", act("a"))])
    asked.clear()
    store.insert_all([("versions", version("b")), ("acts", act("b"))])
    assert asked == {("acts", "versions"): 1}

    insert = store.insert

    def insert_short_act(table: str, rows: pl.DataFrame) -> None:
        insert(table, rows)
        if table == "acts":
            shorten(store.rows(PARTS)[-1])

    monkeypatch.setattr(store, "insert", insert_short_act)
    with pytest.raises(StoreAwayError, match="rows cannot be written to acts: no space left"):
        store.insert_all([("acts", act("c")), ("versions", version("c"))])
    monkeypatch.undo()
    assert ids(store) == ["a", "b"]
    store.insert_all([("acts", act("d"))])
    assert ids(store) == ["a", "b", "d"]


def test_a_range_id_under_which_one_of_several_inserts_failed_is_spent_in_all_tables(store: Store) -> None:
    rows = pl.DataFrame({"range_id": ["a"], "rule": ["R"]})
    with pytest.raises(StoreError, match="rows cannot be written to evidence_rows"):
        store.insert_all([("finding_rows", rows), ("evidence_rows", rows.rename({"rule": "no_such_column"}))])
    with pytest.raises(StoreError, match="failed before"):
        store.insert("finding_rows", rows)


def test_within_inserts_into_some_tables_others_are_not_begun(store: Store) -> None:
    written, engine = store.directory.written, engine_of(store.client)
    with written.checked(engine, [ACTS]), pytest.raises(AssertionError), written.checked(engine, [(DATABASE, "keys")]):
        pass
    with written.checked(engine, [(DATABASE, "versions")]):
        store.insert("versions", version("a"))


def test_what_could_not_be_taken_out_is_before_the_next_insert(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, client = WrittenParts(store.connector.where), store.client
    store.insert("acts", act("a"))
    command = client.command
    monkeypatch.setattr(client, "command", lambda sql: _refuse() if "DROP PART" in sql else command(sql))
    with pytest.raises(StoreAwayError):
        insert_short(store, parts, "b")
    assert len(store.rows(PARTS)) == 2
    monkeypatch.setattr(client, "command", command)

    with parts.checked(engine_of(client), [ACTS]):
        assert ids(store) == ["a"]
        store.insert("acts", act("b"))
    assert ids(store) == ["a", "b"]


def _refuse() -> None:
    raise OSError("no space left")


def insert_short(store: Store, parts: WrittenParts, name: str) -> None:
    """Insert, and leave a part of it, as an engine does that takes no notice of a write that failed."""
    with parts.checked(engine_of(store.client), [ACTS]):
        store.insert("acts", act(name))
        shorten(store.rows(PARTS)[-1])


def test_a_changed_part_that_is_short_is_not_thrown_away(store: Store) -> None:
    store.insert("acts", act("a"))
    parts = WrittenParts(store.connector.where)
    with parts.checked(engine_of(store.client), [ACTS]):
        store.insert("acts", act("b"))
    store.client.command("ALTER TABLE acts UPDATE text = 'c' WHERE id = 'a' SETTINGS mutations_sync = 2")
    assert [part["level"] for part in store.rows(PARTS)] == [0, 0]
    for part in store.rows(PARTS):
        shorten(part)

    with pytest.raises(StoreError, match="a part of acts is not whole"), parts.checked(engine_of(store.client), [ACTS]):
        pass

    assert len(store.rows(PARTS)) == 2


def test_what_others_insert_through_the_front_is_looked_at_too(store: Store) -> None:
    """Theirs is told to them, and nothing of it is taken for ours."""
    path = store.directory.path
    store.insert("acts", act("a"))
    with LocalFront(store.directory), Store.open(path, now=NOW) as through:
        through.insert("acts", act("b"))
        whole = written_parts.is_whole

        def is_whole_but_new(part: Mapping[str, Any]) -> bool:
            if part["name"] == store.rows(PARTS)[-1]["name"]:
                shorten(part)  # as an engine does that takes no notice of a write that failed
            return whole(part)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(written_parts, "is_whole", is_whole_but_new)
            with pytest.raises(StoreAwayError, match="no space left"):
                through.insert("acts", act("c"))
        store.insert("acts", act("d"))
        through.insert("acts", act("c"))

    assert ids(store) == [*"abcd"]


def test_while_what_was_merged_is_there_a_start_goes_back_to_it(store: Store) -> None:
    for name in "abc":
        store.insert("acts", act(name))
    store.client.command("OPTIMIZE TABLE acts FINAL")
    shorten(store.rows(PARTS)[0])
    store.close()

    with open_store(store.directory.path) as again:
        assert ids(again) == [*"abc"]
        assert [part["level"] for part in again.rows(PARTS)] == [0, 0, 0]


def test_what_is_merged_is_synced_and_what_it_was_made_of_stays(store: Store) -> None:
    made = store.rows("""
        SELECT name, create_table_query AS sql FROM system.tables
        WHERE database = currentDatabase() AND engine = 'MergeTree' AND name != 'migrations'
    """)
    assert len(made) == 10
    for table in made:
        for setting in ("min_rows_to_fsync_after_merge = 1", "old_parts_lifetime = 480", "fsync_after_insert = 1"):
            assert setting in table["sql"], table["name"]


def test_a_merged_part_that_is_short_stops_whoever_writes(store: Store) -> None:
    """It holds what counts already: nothing of it is thrown away, and nobody goes on as if nothing were."""
    for name in "ab":
        store.insert("acts", act(name))
    parts = WrittenParts(store.connector.where)
    with parts.checked(engine_of(store.client), [ACTS]):
        store.insert("acts", act("c"))
    store.client.command("OPTIMIZE TABLE acts FINAL")
    shorten(store.rows(PARTS)[0])

    for _ in range(2):
        with (
            pytest.raises(StoreError, match="a part of acts is not whole") as error,
            parts.checked(engine_of(store.client), [ACTS]),
        ):
            pass
        assert not isinstance(error.value, StoreAwayError)
    assert len(store.rows(PARTS)) == 1
