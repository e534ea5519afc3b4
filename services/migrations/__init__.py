"""The store's tables: numbered SQL files, applied once each and in order; the table ``migrations`` says what ran."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from clickhouse_connect.driver.client import Client

from schemas.errors import Place, StoreError
from services.migrations.rendering import Shape as Shape

OWN_TABLE: Final = """
CREATE TABLE IF NOT EXISTS migrations
(
    name String,
    sha256 String,
    applied_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
""".strip()
_RAN: Final = """
INSERT INTO migrations (name, sha256, applied_at)
SELECT name, sha256, toDateTime64({now:String}, 6, 'UTC')
FROM (SELECT {names:Array(String)} AS names, {digests:Array(String)} AS digests)
ARRAY JOIN names AS name, digests AS sha256
""".strip()
"""The client's own insert would do, and load pandas for it: a third of a second, for two rows."""
_ENGINE: Final = "SELECT engine FROM system.tables WHERE database = {database:String} AND name = 'migrations'"


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file: its name (``0001_evidence``), its text and the SHA-256 of its bytes."""

    name: str
    sql: str
    sha256: str

    def statements(self, shape: Shape) -> Iterator[str]:
        """Yield the statements for a shape. In the file they end with ``;`` at a line's end; comments are lines."""
        text = re.sub(r"^\s*--.*\n", "", self.sql, flags=re.MULTILINE)
        for statement in re.split(r";\s*\n", text):
            if statement.strip():
                yield from shape.render(statement.strip())


def known() -> list[Migration]:
    """Return the migrations of this program, in order."""
    files = sorted((file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")), key=str)
    texts = [(file.name.removesuffix(".sql"), file.read_bytes()) for file in files]
    return [Migration(name, data.decode(), hashlib.sha256(data).hexdigest()) for name, data in texts]


def applied(client: Client, shape: Shape, where: Place) -> dict[str, str]:
    """Return name → SHA-256 of what ran in a database, and let the client work in it from now on; only reads.

    Args:
        client: one without a database.
        shape: the database, and whether it is on a cluster.
        where: the store, for errors.

    Raises:
        StoreError: the tables are on a cluster and ought not to be, or the other way round.
    """
    engines = client.query(_ENGINE, parameters={"database": shape.database}).result_rows
    if not engines:
        return {}
    if engines[0][0].startswith("Replicated") != (shape.cluster is not None):
        raise StoreError(
            "the store has another shape", where=where,
            why="its tables are not on a cluster" if shape.cluster else "its tables are on a cluster",
            todo="set store.cluster to the cluster that they are on, or leave it out if they are on none",
        )  # fmt: skip
    client.database = shape.database
    return {row[0]: row[1] for row in client.query("SELECT name, sha256 FROM migrations").result_rows}


def pending(done: dict[str, str], where: Place) -> list[Migration]:
    """Return what is still to run.

    Args:
        done: what `applied` returned.
        where: the store, for errors.

    Raises:
        StoreError: the store was written by a newer program, or by one whose migrations differ.
    """
    ours = known()
    unknown = sorted(done.keys() - {migration.name for migration in ours})
    if unknown:
        raise StoreError(
            "the store is newer than this program", where=where, why=f"it has had migration {unknown[-1]}",
            todo="use the newer program",
        )  # fmt: skip
    for migration in ours:
        if done.get(migration.name, migration.sha256) != migration.sha256:
            raise StoreError(
                "the store was made by another program", where=where,
                why=f"its migration {migration.name} has another SHA-256", todo="use the program that made it",
            )  # fmt: skip
    return [migration for migration in ours if migration.name not in done]


def apply(client: Client, migrations: Sequence[Migration], shape: Shape, now: dt.datetime) -> None:
    """Run migrations in order, and say that they ran once all have: a store is as it was, or whole.

    Each statement may run again, so whoever is killed in between runs them all again: a new store whose making was
    interrupted is still a new one.

    Args:
        client: one that may make tables.
        migrations: those that are pending.
        shape: where they run.
        now: UTC, recorded with them.
    """
    client.command(shape.create_database())
    client.database = shape.database
    for statement in shape.render(OWN_TABLE):
        client.command(statement)
    for migration in migrations:
        for statement in migration.statements(shape):
            client.command(statement)
    names, digests = [one.name for one in migrations], [one.sha256 for one in migrations]
    client.command(_RAN, parameters={"names": names, "digests": digests, "now": f"{now:%Y-%m-%d %H:%M:%S.%f}"})
