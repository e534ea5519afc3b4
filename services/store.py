"""The store: ClickHouse through clickhouse-connect, here inside the process (chDB) over a data directory.

Write order is the commit protocol: the rows of a batch first, each insert durable (fsync) before the next, the range's
own row last. Views show rows of accepted ranges only, so an interrupted attempt leaves nothing that anybody sees.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import clickhouse_connect
import polars as pl
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.errors import Place, StoreError
from schemas.records import Range
from services import migrations
from services.data_dir import DataDir
from streams.batch import Recorded
from streams.ranges import Accepted, accept
from streams.tables import tables

DATABASE: Final = "ashiato"
LOW_CARDINALITY: Final = frozenset({
    "range_id", "kind", "event.kind", "event.source", "asset.key", "asset.category", "party.key", "action",
    "actor.subject", "actor.on_behalf_of.subject", "grantee.subject", "purpose", "destination.temporary.purpose",
    "reason", "position.source", "rule", "role", "level", "asset", "party", "country", "policy_item", "episode",
    "operation",
})  # fmt: skip
"""Columns with few distinct values; as dictionaries they reach the store's LowCardinality columns at half the cost."""
VersionKind = Literal["register", "interpretations", "rulebook"]


def statement(name: str) -> str:
    """Return the text of ``services/sql/<name>.sql``."""
    return resources.files("services.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


class Store:
    """One open store. Each thread works with its own client: a shared one would serialise."""

    def __init__(self, directory: DataDir) -> None:
        self.directory = directory
        self.where = Place(str(directory.path))
        self._clients: dict[int, Client] = {}
        self._former_tempdir = tempfile.tempdir
        # The client hands blocks to the engine through temporary files: they stay under our own roof and clock.
        tempfile.tempdir = str(directory.temporary)

    @classmethod
    def open(cls, data_dir: Path, *, now: dt.datetime, create: bool = False, migrate: bool = False) -> Self:
        """Open the store of a data directory; a new one gets its tables.

        Args:
            data_dir: the data directory.
            now: UTC, recorded with migrations that run.
            create: make the directory and its tables if there is none yet.
            migrate: bring the tables of an older store up to this program.

        Raises:
            UsageError: there is none and it is not to be made.
            StoreBusyError: another process holds the directory.
            StoreError: the store cannot be opened, or is older or newer than this program.
        """
        directory = DataDir(data_dir)
        directory.hold(create=create)
        store = cls(directory)
        try:
            store._prepare(now=now, migrate=migrate)
        except BaseException:
            store.close()
            raise
        return store

    def _prepare(self, *, now: dt.datetime, migrate: bool) -> None:
        """Make the database if it is new; run or ask for what is pending."""
        client = self.connect(database=None)
        try:
            client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            client.database = DATABASE
            done = migrations.applied(client)
            pending = migrations.pending(done, self.where)
            if pending and done and not migrate:
                raise StoreError(
                    "the store is older than this program", where=self.where,
                    why=f"migration {pending[0].name} has not run", todo="run `ashiato migrate`",
                )  # fmt: skip
            migrations.apply(client, pending, now)
        except ClickHouseError as error:
            raise self._failed("the store cannot be prepared", error) from None
        finally:
            client.close()

    def connect(self, *, database: str | None = DATABASE, settings: Mapping[str, Any] | None = None) -> Client:
        """Return a new client, for the caller to close."""
        try:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=str(self.directory.store),
                database=database,
                settings=dict(settings or {}),
                tz_mode="aware",
            )
        except ClickHouseError as error:
            raise self._failed("the store cannot be opened", error) from None

    @property
    def client(self) -> Client:
        """The client of the calling thread."""
        thread = threading.get_ident()
        if thread not in self._clients:
            self._clients[thread] = self.connect()
        return self._clients[thread]

    def close(self) -> None:
        """Close every client and let the data directory go."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        tempfile.tempdir = self._former_tempdir
        self.directory.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the rows of one of our own queries; values go in as ``{name:Type}`` parameters, never as text."""
        try:
            return list(self.client.query(sql, parameters=dict(parameters or {})).named_results())
        except ClickHouseError as error:
            raise self._failed("the store cannot be read", error) from None

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows to a table; durable when this returns.

        Raises:
            StoreError: nothing or not all of it could be written, for example because the disk is full.
        """
        try:
            self.client.raw_insert(table, rows.columns, arrow_stream(rows), fmt="ArrowStream")
        except (ClickHouseError, OSError) as error:
            raise self._failed(f"rows cannot be written to {table}", error) from None

    def write(self, recorded: Recorded, of: Range) -> None:
        """Write one batch: its rows, then its range. After a crash in between, the batch is read again."""
        for table, rows in tables(recorded, of):
            self.insert(table, rows)

    def ranges(self, source: str | None = None) -> list[Range]:
        """Return every range that was written, those that do not count included; of one source if it is given."""
        names = ", ".join(Range.model_fields)
        rows = self.rows(
            f"SELECT {names} FROM range_rows WHERE {{source:String}} IN ('', source)",  # noqa: S608  (our own names)
            {"source": source or ""},
        )
        return [Range(**row) for row in rows]

    def sources(self) -> list[str]:
        """Return every source that something was recorded of."""
        return [row["source"] for row in self.rows("SELECT DISTINCT source FROM range_rows ORDER BY source")]

    def accepted(self, source: str) -> list[Accepted]:
        """Return what counts of a source (partition 0), in order."""
        sealed = {row["range_id"] for row in self.rows("SELECT range_id FROM sealed_ranges")}
        return accept(self.ranges(source), sealed)

    def save_version(self, kind: VersionKind, sha256: str, content: str, *, entries: int, now: dt.datetime) -> bool:
        """Keep a register, interpretations or a rulebook unless it is the current one; return whether it was new."""
        if self.current_version(kind) == sha256:
            return False
        row = {"kind": kind, "sha256": sha256, "recorded_at": now, "entries": entries, "content": content}
        self.insert("versions", pl.DataFrame([row], schema_overrides={"recorded_at": pl.Datetime("us", "UTC")}))
        return True

    def current_version(self, kind: VersionKind) -> str | None:
        """Return the SHA-256 of the version that was kept last, if there is one."""
        rows = self.versions(kind)
        return rows[-1]["sha256"] if rows else None

    def versions(self, kind: VersionKind) -> list[dict[str, Any]]:
        """Return ``sha256``, ``recorded_at`` and ``entries`` of each version of a kind, the oldest first."""
        return self.rows(
            "SELECT sha256, recorded_at, entries FROM versions WHERE kind = {kind:String} ORDER BY recorded_at, sha256",
            {"kind": kind},
        )

    def version_content(self, kind: VersionKind, sha256: str) -> str | None:
        """Return the canonical text of a version by its SHA-256, or by the beginning of it; None if there is none."""
        rows = self.rows(
            "SELECT DISTINCT content FROM versions WHERE kind = {kind:String} AND startsWith(sha256, {sha256:String})",
            {"kind": kind, "sha256": sha256},
        )
        return rows[0]["content"] if len(rows) == 1 else None

    def _failed(self, what: str, error: Exception) -> StoreError:
        """Return our own error for one of the engine or the system; its text never holds values of rows."""
        return failure(what, error, self.where)


def arrow_stream(rows: pl.DataFrame) -> pa.Buffer:
    """Return rows as an Arrow IPC stream, LOW_CARDINALITY columns as dictionaries of this block alone.

    A Polars Categorical would do for the dictionaries, but its categories live as long as the process, and every block
    would carry all that were ever seen.
    """
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    for index, name in enumerate(rows.columns):
        if name in LOW_CARDINALITY and rows.schema[name] == pl.String:
            table = table.set_column(index, name, table.column(index).combine_chunks().dictionary_encode())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


_NO_SPACE: Final = ("NOT_ENOUGH_SPACE", "No space left", "errno: 28", "errno: 27", "File too large")


def failure(what: str, error: Exception, where: Place) -> StoreError:
    """Return a StoreError that says why without quoting the engine's message, which may hold values."""
    if isinstance(error, OSError) or any(sign in str(error) for sign in _NO_SPACE):
        return StoreError(
            what, where=where, why="no space left for writing",
            todo="make room and run the same command again: it goes on where it stopped",
        )  # fmt: skip
    name = getattr(error, "name", None) or type(error).__name__
    code = getattr(error, "code", None)
    return StoreError(what, where=where, why=f"{name} ({code})" if code else str(name))
