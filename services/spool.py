"""The spool: the durable log in front of the recorder where there is no Kafka. One SQLite file.

A message is durable once `Spool.append` has returned: the write-ahead log is synced to disk with each commit
(``synchronous=FULL``), and a commit holds everything that waited for it. Offsets of a topic begin at 0 and have no
gaps, also after old messages were trimmed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from schemas.errors import Place, SourceError, StoreError
from services.gateway_sink import Message, Position
from services.sources import DEFAULT_LIMITS, BatchLimits
from services.spool_writer import SpoolWriter, transaction
from services.topics import format_of
from streams.batch import RawBatch

FILE: Final = "spool.sqlite"
DEFAULT_MAX_BYTES: Final = 16 << 30
QUEUE_BYTES: Final = 64 << 20
SOURCE: Final = "spool:"
"""The name of a topic as a source of positions is ``spool:<topic>``; its only partition is 0."""

_VERSION: Final = 1
_PAGE_BYTES: Final = 4096  # SQLite's own default
_TRIMMED_AT_ONCE: Final = 1_000
_BUSY_SECONDS: Final = 10

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS streams (topic TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT",
    """
    CREATE TABLE IF NOT EXISTS messages (
        topic TEXT NOT NULL,
        "offset" INTEGER NOT NULL,
        received_at INTEGER NOT NULL,  -- microseconds since 1970, UTC
        producer TEXT NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (topic, "offset")
    ) STRICT
    """,
)
_READ: Final = 'SELECT "offset", bytes FROM messages WHERE topic = ? AND "offset" > ? ORDER BY "offset" LIMIT ?'
_BEGIN: Final = 'SELECT min("offset") FROM messages WHERE topic = ?'
_END: Final = "SELECT next FROM streams WHERE topic = ?"
_TOPICS: Final = "SELECT topic FROM streams ORDER BY topic"
_TRIM: Final = """
DELETE FROM messages WHERE rowid IN (
    SELECT rowid FROM messages WHERE topic = ? AND "offset" < ? AND received_at < ? ORDER BY "offset" LIMIT ?)
"""


class Spool:
    """An open spool: takes messages in (a `services.gateway_sink.Sink`), and gives them out in order.

    All methods may be called from any thread; `append` from any loop.
    """

    def __init__(self, path: Path, now: Callable[[], dt.datetime], max_bytes: int) -> None:
        self._path = path
        self._max_pages = max(16, max_bytes // _PAGE_BYTES)
        self._news = threading.Condition()
        self._reader = self._connect()
        self._reading = threading.Lock()
        self.writer = SpoolWriter(self._connect, lambda: _micros(now()), QUEUE_BYTES, self._tell)

    @classmethod
    def open(cls, directory: Path, *, now: Callable[[], dt.datetime], max_bytes: int = DEFAULT_MAX_BYTES) -> Self:
        """Open the spool of a directory; make it if there is none.

        Args:
            directory: where its file lies; made with access for its owner only.
            now: the clock, UTC; when a message was received decides when it may be trimmed.
            max_bytes: size of the file at which it takes nothing more.

        Raises:
            StoreError: it cannot be made, opened or read, or is of another version.
        """
        path = directory / FILE
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            _make(path)
            _sync_directory(directory)
            return cls(path, now, max_bytes)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "sqlite_errorname", getattr(error, "strerror", None)) or type(error).__name__
            todo = "check its disk and its owner; if it is damaged, put a copy back"
            raise StoreError("the spool cannot be used", where=Place(str(path)), why=why, todo=todo) from error

    async def start(self) -> None:
        """Do nothing: an open spool is ready."""

    async def close(self) -> None:
        """Write what waits, then close the file."""
        await asyncio.to_thread(self.shut)

    def shut(self) -> None:
        """Do what `close` does, outside of a loop."""
        self.writer.close()
        with self._reading:
            self._reader.close()

    async def append(self, messages: Sequence[Message]) -> list[Position]:
        """Return the positions of the messages once all of them are durable, or none of them is.

        Raises:
            SinkError: the disk or the spool is full, too much waits, or the spool is closed.
        """
        return await asyncio.wrap_future(self.writer.append(messages))

    def problem(self) -> str:
        """Return why nothing can be written at present; empty if it can."""
        return self.writer.trouble.text()

    @property
    def commits(self) -> int:
        """Number of transactions that took messages in."""
        return self.writer.commits

    def topics(self) -> list[str]:
        """Return the topics that ever had a message."""
        with self._reading:
            return [str(row[0]) for row in self._reader.execute(_TOPICS)]

    def begin(self, topic: str) -> int:
        """Return the offset of the first message that is still there; `end` if none is."""
        with self._reading:
            found = self._reader.execute(_BEGIN, (topic,)).fetchone()[0]
        return self.end(topic) if found is None else int(found)

    def end(self, topic: str) -> int:
        """Return the offset that the next message of a topic will have."""
        with self._reading:
            row = self._reader.execute(_END, (topic,)).fetchone()
        return 0 if row is None else int(row[0])

    def read(self, topic: str, after: int | None = None, limits: BatchLimits = DEFAULT_LIMITS) -> RawBatch | None:
        """Return the messages behind offset ``after`` (None: from the beginning), or None if there are none yet.

        The batch ends with the message that reaches a limit, and accounts for every offset from ``after`` on.

        Raises:
            SourceError: the spool is not the one that ``after`` was read from: it ends before, or begins behind it.
            StoreError: it cannot be read.
        """
        first = 0 if after is None else after + 1
        offsets, messages, size = list[int](), list[bytes](), 0
        try:
            with self._reading:
                rows = self._reader.execute(_READ, (topic, first - 1, limits.rows))
                for offset, message in rows:
                    offsets.append(offset)
                    messages.append(message)
                    size += len(message)
                    if size >= limits.bytes:
                        break
                rows.close()
        except sqlite3.Error as error:
            why = error.sqlite_errorname
            raise StoreError("the spool cannot be read", where=Place(str(self._path)), why=why) from error
        if not offsets:
            self._check_end(topic, first)
            return None
        if offsets[0] != first:
            raise self._another(topic, f"offset {first} was asked for, the first that it has is {offsets[0]}")
        return RawBatch(f"{SOURCE}{topic}", 0, format_of(topic), offsets, messages, first, offsets[-1])

    def wait(self, topic: str, after: int | None, seconds: float) -> bool:
        """Wait until there is a message behind offset ``after``; return whether there is one."""
        first = 0 if after is None else after + 1
        with self._news:
            return self._news.wait_for(lambda: self.end(topic) > first, seconds)

    def trim(self, topic: str, recorded: int, before: dt.datetime) -> int:
        """Erase messages that are recorded and were received before a time; return how many.

        The message at ``recorded``, the last offset of the last accepted range, stays: a recorder that resumes reads it
        again to see that this is the spool it knows. What is erased is overwritten, in the file and in its log.

        Raises:
            SinkError: the spool cannot be written.
        """
        total, erased = 0, _TRIMMED_AT_ONCE
        while erased == _TRIMMED_AT_ONCE:  # in slices: senders wait for one at most
            erased = self.writer.run(lambda connection: _trim(connection, topic, recorded, before)).result()
            total += erased
        if total:
            self.writer.run(_give_back).result()
        return total

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()

    def _check_end(self, topic: str, first: int) -> None:
        end = self.end(topic)
        if first != end and first > 0:
            raise self._another(topic, f"offset {first} was asked for, it ends before {end}")

    def _another(self, topic: str, why: str) -> SourceError:
        return SourceError(
            "the spool is not the one that was recorded", where=Place(f"{SOURCE}{topic}"), why=why,
            todo="put the spool back that belongs to this evidence, or record the messages between as lost",
        )  # fmt: skip

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        _set_durable(connection)
        connection.execute(f"PRAGMA max_page_count = {self._max_pages:d}")
        return connection


def _set_durable(connection: sqlite3.Connection) -> None:
    """Let each commit survive a power cut, and overwrite what is erased."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON",
                   "secure_delete = ON"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _make(path: Path) -> None:
    """Make the tables of a new file; refuse one of another version."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
        _set_durable(connection)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, _VERSION}:
            why, todo = f"version {version}, this program writes {_VERSION}", "use the program that made it"
            raise StoreError("the spool is of another version", where=Place(str(path)), why=why, todo=todo)
        with transaction(connection):
            for table in _TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA user_version = {_VERSION:d}")
    finally:
        connection.close()


def _sync_directory(directory: Path) -> None:
    """Make the file's name durable too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trim(connection: sqlite3.Connection, topic: str, recorded: int, before: dt.datetime) -> int:
    with transaction(connection):
        return connection.execute(_TRIM, (topic, recorded, _micros(before), _TRIMMED_AT_ONCE)).rowcount


def _give_back(connection: sqlite3.Connection) -> None:
    """Give free pages back to the disk and empty the write-ahead log, which still holds what was erased."""
    connection.executescript("PRAGMA incremental_vacuum")  # `execute` would take one step, which frees one page
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(microseconds=1)
