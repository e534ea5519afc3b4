"""The store: ClickHouse through clickhouse-connect, inside the process over a data directory (chDB), or a server.

Write order is the commit protocol: the rows of a batch first, each insert durable (fsync) before the next, the range's
own row last. Views show rows of accepted ranges only, so an interrupted attempt leaves nothing that anybody sees.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import polars as pl
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreAwayError, StoreBusyError, StoreError
from schemas.records import Range
from services import migrations
from services.arrow_streams import ArrowStreams
from services.data_dir import DataDir
from services.front_announcement import serving
from services.spent_ranges import SpentRanges
from services.store_connectors import Connector, Embedded, Remote
from services.store_errors import TROUBLE
from services.store_settings import StoreSettings
from streams.batch import Recorded
from streams.ranges import Accepted, accept
from streams.tables import tables

_TRIES: Final = 10
_WAIT_SECONDS: Final = 0.2
VersionKind = Literal["register", "interpretations", "rulebook"]


def statement(name: str) -> str:
    """Return the text of ``services/sql/<name>.sql``."""
    return resources.files("services.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


class Store:
    """One open store. Each thread works with its own client: a shared one would serialise.

    Args:
        connector: the way to it.
    """

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.directory = connector.directory
        self.where = connector.where
        self.database = connector.database
        self._clients: dict[int, Client] = {}
        self._streams: dict[int, ArrowStreams] = {}
        self._spent = SpentRanges()

    @classmethod
    def open(cls, data_dir: Path, *, now: dt.datetime, create: bool = False, migrate: bool = False) -> Self:
        """Open the store of a data directory; a new one gets its tables.

        While `ashiato serve` holds the directory, the store is reached through it.

        Args:
            data_dir: the data directory.
            now: UTC, recorded with migrations that run.
            create: make the directory and its tables if there is none yet.
            migrate: bring the tables of an older store up to this program.

        Raises:
            UsageError: there is none and it is not to be made.
            StoreBusyError: another process holds the directory and lets nobody in.
            StoreError: the store cannot be opened, or is older or newer than this program.
        """
        directory = DataDir(data_dir)
        for last in (False,) * _TRIES + (True,):
            try:
                directory.hold(create=create)
            except StoreBusyError as busy:
                try:
                    return cls._prepared(serving(directory, busy), now=now, create=False, migrate=False)
                except StoreAwayError:
                    if last:
                        raise busy from None
                    time.sleep(_WAIT_SECONDS)  # whoever served is about to end
            else:
                break
        return cls._prepared(Embedded(directory), now=now, create=True, migrate=migrate)

    @classmethod
    def connect(
        cls,
        settings: StoreSettings,
        data_dir: Path,
        *,
        now: dt.datetime,
        create: bool = False,
        migrate: bool = False,
    ) -> Self:
        """Open the store of a ClickHouse server or cluster.

        Args:
            settings: the server, and who we are to it.
            data_dir: where the keys lie; several processes may share it. Nothing is made in it here.
            now: UTC, recorded with migrations that run.
            create: make database and tables if there are none yet.
            migrate: bring the tables of an older store up to this program.

        Raises:
            StoreAwayError: the server cannot be reached for now.
            StoreError: it does not let us in, has no tables yet, or is older or newer than this program.
            InputError: the password's file cannot be read.
        """
        return cls._prepared(Remote(settings, DataDir(data_dir)), now=now, create=create, migrate=migrate)

    @classmethod
    def _prepared(cls, connector: Connector, *, now: dt.datetime, create: bool, migrate: bool) -> Self:
        """Return a store whose tables are those of this program."""
        store = cls(connector)
        try:
            store._prepare(now=now, create=create, migrate=migrate)
        except BaseException:
            store.close()
            raise
        return store

    def _prepare(self, *, now: dt.datetime, create: bool, migrate: bool) -> None:
        """Run or ask for what is pending; where nothing is, this only reads.

        Its client stays, as that of the calling thread: an engine whose last client goes ends, and to start it again
        took as long as all the rest of opening a store. It comes without a database, for there may be none yet.
        """
        shape = migrations.Shape(self.database, self.connector.cluster)
        client = self._clients[threading.get_ident()] = self.connector.client(database=None, settings={})
        try:
            done = migrations.applied(client, shape, self.where)
            pending = migrations.pending(done, self.where)
            if pending and not (migrate or (create and not done)):
                raise self._older(pending[0].name, new=not done)
            if pending:
                migrations.apply(client, pending, shape, now)
        except TROUBLE as error:
            raise self.failed("the store cannot be prepared", error) from None

    def _older(self, pending: str, *, new: bool) -> StoreError:
        what = "the store has no tables yet" if new else "the store is older than this program"
        return StoreError(what, where=self.where, why=f"migration {pending} has not run", todo="run `ashiato migrate`")

    def new_client(self, settings: Mapping[str, Any] | None = None) -> Client:
        """Return a new client, for the caller to close; ``settings`` of the engine hold for all that it does.

        Raises:
            StoreError: the store cannot be opened or reached.
        """
        return self.connector.client(database=self.database, settings=settings or {})

    @property
    def client(self) -> Client:
        """The client of the calling thread."""
        thread = threading.get_ident()
        if thread not in self._clients:
            self._clients[thread] = self.new_client()
        return self._clients[thread]

    def close(self) -> None:
        """Close every client and let the data directory go."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._streams.clear()
        self.connector.close()

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
        except TROUBLE as error:
            raise self.failed("the store cannot be read", error) from None

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows to a table; durable when this returns.

        After an error nobody knows what is in the store, now or in a while: all, a part or nothing. Whoever tries again
        takes a new range id, under which it has to write everything; the old one is refused. The one table without that
        question is range_rows: the same range twice counts once.

        Raises:
            StoreAwayError: the store is away for now; the rows may be tried again under another range id.
            StoreError: nothing or not all of it could be written, for example because the disk is full.
        """
        names = self._spent.names(table, rows, self.where)
        with self._spends(names, f"rows cannot be written to {table}"), self.connector.checked(self.client, [table]):
            streams = self._streams.setdefault(threading.get_ident(), ArrowStreams())
            self.connector.insert(self.client, table, rows.columns, streams.write(rows))

    def insert_all(self, rows: Iterable[tuple[str, pl.DataFrame]]) -> None:
        """Append rows to several tables, one after the other; durable when this returns.

        What was written is looked at once, at the end, in place of after each of them.

        Raises:
            StoreAwayError, StoreError: as `insert`. All of it has to be written again, whichever of them failed.
        """
        of_tables = list(rows)
        names = [name for table, frame in of_tables for name in self._spent.names(table, frame, self.where)]
        tables = sorted({table for table, _ in of_tables})
        told = f"rows cannot be written to {', '.join(tables)}"
        with self._spends(names, told), self.connector.checked(self.client, tables):
            for table, frame in of_tables:
                self.insert(table, frame)

    @contextmanager
    def _spends(self, names: Sequence[str], what: str) -> Iterator[None]:
        """See that range ids are never used again once an insert under them has failed."""
        try:
            yield
        except BaseException as error:
            self._spent.add(names)
            if isinstance(error, TROUBLE):
                raise self.failed(what, error) from None
            raise

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

    def failed(self, what: str, error: Exception) -> StoreError:
        """Return our own error for one of the engine or the system; its text never holds values of rows."""
        return self.connector.failed(what, error)
