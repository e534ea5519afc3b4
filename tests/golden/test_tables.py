"""The statements that make the tables, on one server and on a cluster, word for word.

When a change is meant: UPDATE_GOLDEN=1 pytest tests/golden, and review the difference. A migration that has been
released is never changed; a new one is added.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import migrations
from services.migrations.rendering import Shape
from services.store import Store
from tests.support.stores import open_store

SHAPES = {"server": Shape("ashiato"), "cluster": Shape("ashiato", "carrier-1")}
SHARDED = {"evidence_rows", "personal_short_rows", "personal_long_rows", "dead_letter_rows", "finding_rows"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("parser")) as opened:
        yield opened


def _statements(shape: Shape) -> list[str]:
    own = [shape.create_database(), *shape.render(migrations.OWN_TABLE)]
    return own + [one for migration in migrations.known() for one in migration.statements(shape)]


@pytest.mark.parametrize("name", SHAPES)
def test_the_tables_are_word_for_word_what_was_reviewed(name: str) -> None:
    text = "".join(f"{one};\n\n" for one in _statements(SHAPES[name]))
    golden = Path(__file__).with_name(f"tables_{name}.sql")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHAPES)
def test_clickhouse_can_parse_every_statement(name: str, store: Store) -> None:
    for statement in _statements(SHAPES[name]):
        kind = store.client.query(f"EXPLAIN AST {statement}").result_rows[0][0]
        assert kind.startswith(("CreateQuery", "Create", "AlterQuery"))
        (row,) = store.rows("SELECT formatQuery({sql:String}) AS once, formatQuery(once) AS twice", {"sql": statement})
        assert row["once"] == row["twice"]
        assert (" ON CLUSTER `carrier-1`" in row["once"]) == (name == "cluster")


def test_on_a_cluster_a_range_stays_on_one_shard_and_what_decides_is_everywhere() -> None:
    text = "\n".join(_statements(SHAPES["cluster"]))
    tables = dict(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+) .*?ENGINE = (.*?)(?:\n|$)", text, re.DOTALL))

    distributed = {name: engine for name, engine in tables.items() if engine.startswith("Distributed")}
    assert set(distributed) == SHARDED
    for name, engine in distributed.items():
        assert engine == f"Distributed('carrier-1', 'ashiato', '{name}_local', cityHash64(range_id))"
        assert "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'" in tables[f"{name}_local"]
    for name in tables.keys() - SHARDED - {f"{name}_local" for name in SHARDED}:
        assert "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'" in tables[name]
    assert "range_rows" in tables
    assert "sealed_ranges" in tables
    assert not re.search(r"(?<!GLOBAL )(INNER|LEFT) JOIN", text)


def test_a_statement_that_has_no_form_for_a_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="no form for a cluster"):
        list(SHAPES["cluster"].render("ALTER TABLE evidence_rows DROP COLUMN record"))


def test_a_column_is_added_where_the_rows_are_and_then_to_the_table_in_front() -> None:
    def tables(name: str) -> list[str]:
        return [one.split()[2] for one in SHAPES["cluster"].render(f"ALTER TABLE {name}\n    ADD COLUMN x String")]

    assert tables("evidence_rows") == ["evidence_rows_local", "evidence_rows"]
    assert tables("range_rows") == ["range_rows"]
