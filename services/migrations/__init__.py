"""The store's tables: numbered SQL files, applied once each and in order; the table ``migrations`` says what ran."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from clickhouse_connect.driver.client import Client

from schemas.errors import Place, StoreError


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file: its name (``0001_evidence``), its text and the SHA-256 of its bytes."""

    name: str
    sql: str
    sha256: str

    def statements(self) -> Iterator[str]:
        """Yield the statements. They end with ``;`` at the end of a line; comments are lines of their own."""
        text = re.sub(r"^\s*--.*\n", "", self.sql, flags=re.MULTILINE)
        for statement in re.split(r";\s*\n", text):
            if statement.strip():
                yield statement.strip()


def known() -> list[Migration]:
    """Return the migrations of this program, in order."""
    files = sorted((file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")), key=str)
    texts = [(file.name.removesuffix(".sql"), file.read_bytes()) for file in files]
    return [Migration(name, data.decode(), hashlib.sha256(data).hexdigest()) for name, data in texts]


def applied(client: Client) -> dict[str, str]:
    """Return name → SHA-256 of what ran in this database; makes the table that tells it."""
    client.command(
        "CREATE TABLE IF NOT EXISTS migrations (name String, sha256 String, applied_at DateTime64(6, 'UTC')) "
        "ENGINE = MergeTree ORDER BY name SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
    )
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


def apply(client: Client, migrations: list[Migration], now: dt.datetime) -> None:
    """Run migrations in order. Each statement may run again, so a crash between two of them does no harm."""
    for migration in migrations:
        for statement in migration.statements():
            client.command(statement)
        client.insert("migrations", [[migration.name, migration.sha256, now]], ["name", "sha256", "applied_at"])
