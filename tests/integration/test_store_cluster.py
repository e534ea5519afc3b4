"""Tables of a cluster, on a cluster of one shard, which is this server.

What needs a coordination service (ON CLUSTER, replicas) is taken out of the statements; golden files hold the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services import migrations
from services.data_dir import DataDir
from services.identity_review import SOURCE
from services.migrations.rendering import Shape
from services.store import Store, statement
from services.store_connectors import Remote
from tests.support.clickhouse_front import Front, running_front
from tests.support.stores import counts, event, evidence, finding_records, ingest, lines, open_store

CONFIG = """
<clickhouse>
    <tcp_port>9000</tcp_port>
    <remote_servers>
        <alone><shard><replica><host>localhost</host><port>9000</port></replica></shard></alone>
    </remote_servers>
</clickhouse>
"""
SHAPE = Shape("ashiato", "alone")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    path = tmp_path_factory.mktemp("cluster")
    (path / "config.xml").write_text(CONFIG)
    with running_front(path / "server", config=path / "config.xml") as front:
        yield front


@pytest.fixture(scope="module")
def store(front: Front, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    directory = DataDir(tmp_path_factory.mktemp("keys") / "data")
    directory.make_for_keys()
    with Store(Remote(front.settings(cluster="alone"), directory)) as store:
        _make_tables(store)
        yield store


def _make_tables(store: Store) -> None:
    client = store.connector.client(database=None, settings={})
    client.command("CREATE DATABASE ashiato")
    client.database = "ashiato"
    for migration in migrations.known():
        for one in migration.statements(SHAPE):
            client.command(re.sub(r"Replicated(MergeTree)\([^)]*\)| ON CLUSTER `alone`", r"\1", one))
    client.close()


def _seen(store: Store) -> tuple[Any, ...]:
    return counts(store), evidence(store), finding_records(store)


def test_through_distributed_tables_all_is_as_on_one_server(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "access.ndjson"
    # One identity is used for two contents, so that the review, with its joins of joins, has something to find.
    log.write_text(lines([*(event(i) for i in range(60)), event(3, action="export")]) + "{no json\n")
    with open_store(tmp_path / "data") as one:
        ingest(one, log)
        expected = _seen(one)

    ingest(store, log)

    assert _seen(store) == expected
    assert store.ranges(SOURCE)
    assert store.rows("SELECT count() AS n FROM evidence_rows_local") == [{"n": len(expected[1])}]
    (row,) = store.rows("SELECT engine FROM system.tables WHERE name = 'evidence_rows' AND database = 'ashiato'")
    assert row["engine"] == "Distributed"

    asked: dict[str, Any] = {"only": [], "limit": 10}
    assert store.rows(statement("missing_rows"), asked) == []
    store.client.command("DELETE FROM evidence_rows_local WHERE `position.offset` = 3")
    (row,) = store.rows(statement("missing_rows"), asked)
    assert row["events_here"] == row["events"] - 1
    assert store.rows(statement("missing_rows"), {**asked, "only": [row["id"]]}) == [row]
