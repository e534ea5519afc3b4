"""The one thread that writes the spool: requests that come together share one transaction and one fsync."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from services.gateway_sink import Message, Position, SinkError, Trouble

Result = TypeVar("Result")
Connect = Callable[[], sqlite3.Connection]

GROUP_BYTES: Final = 8 << 20
"""A transaction ends with the request that reaches this."""

_NEXT: Final = "SELECT next FROM streams WHERE topic = ?"
_INSERT: Final = 'INSERT INTO messages (topic, "offset", received_at, producer, bytes) VALUES (?, ?, ?, ?, ?)'
_ADVANCE: Final = (
    "INSERT INTO streams (topic, next) VALUES (?, ?) ON CONFLICT (topic) DO UPDATE SET next = excluded.next"
)


@dataclass(slots=True)
class _Append:
    messages: Sequence[Message]
    size: int
    done: Future[list[Position]] = field(default_factory=Future)


@dataclass(slots=True)
class _Task:
    work: Callable[[sqlite3.Connection], Any]
    done: Future[Any] = field(default_factory=Future)


class SpoolWriter:
    """Writes what is handed in, in the order it is handed in.

    Args:
        connect: opens a connection with the settings that make a commit durable.
        now_us: the time, microseconds since 1970.
        queue_bytes: so many bytes may wait; past it `append` refuses.
        appended: called after each commit, in the writer's thread.
    """

    def __init__(
        self, connect: Connect, now_us: Callable[[], int], queue_bytes: int, appended: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._now_us = now_us
        self._queue_bytes = queue_bytes
        self._appended = appended
        self._connection: sqlite3.Connection | None = connect()
        self._waiting: deque[_Append | _Task] = deque()
        self._bytes = 0
        self._wake = threading.Condition()
        self._closed = False
        self.trouble = Trouble()
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)
        self._thread.start()

    def append(self, messages: Sequence[Message]) -> Future[list[Position]]:
        """Hand messages in; the future is done once they are durable. One that is cancelled before that is dropped.

        Raises:
            SinkError: too much waits already, or the writer is closed.
        """
        job = _Append(messages, sum(len(one.value) for one in messages))
        with self._wake:
            if self._bytes + job.size > self._queue_bytes and self._waiting:
                raise SinkError("the spool is behind", why=f"{self._bytes:,} bytes wait to be written", retry_after=1)
            self._enter(job)
            self._bytes += job.size
        return job.done

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Future[Result]:
        """Let the writer's thread do ``work`` with its connection, outside of any transaction."""
        task = _Task(work)
        with self._wake:
            self._enter(task)
        return task.done

    def close(self) -> None:
        """Write what waits, then end."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _enter(self, job: _Append | _Task) -> None:
        if self._closed:
            raise SinkError("the spool is closed")
        self._waiting.append(job)
        self._wake.notify()

    def _run(self) -> None:
        while job := self._next():
            if isinstance(job, list):
                self._write([one for one in job if one.done.set_running_or_notify_cancel()])
            elif job.done.set_running_or_notify_cancel():
                self._do(job)
        if self._connection is not None:
            self._connection.close()

    def _next(self) -> list[_Append] | _Task | None:
        """Wait for work; return a task, or all appends that one transaction takes, or None at the end."""
        with self._wake:
            while not self._waiting and not self._closed:
                self._wake.wait()
            if not self._waiting:
                return None
            first = self._waiting.popleft()
            if isinstance(first, _Task):
                return first
            group, size = [first], first.size
            while self._waiting and size < GROUP_BYTES and isinstance(follower := self._waiting[0], _Append):
                group.append(follower)
                size += follower.size
                self._waiting.popleft()
            self._bytes -= size
            return group

    def _write(self, group: list[_Append]) -> None:
        """Commit a group and tell each sender where its messages lie, or that they do not."""
        if not group:
            return
        try:
            connection = self._connected()
            with transaction(connection):
                positions = [self._insert(connection, job.messages) for job in group]
        except (sqlite3.Error, OSError) as error:
            failure = self._failed(error)
            for job in group:
                job.done.set_exception(failure)
            return
        self.trouble.over()
        self.commits += 1
        for job, found in zip(group, positions, strict=True):
            job.done.set_result(found)
        self._appended()

    def _insert(self, connection: sqlite3.Connection, messages: Sequence[Message]) -> list[Position]:
        found, rows, received = list[Position](), list[tuple[object, ...]](), self._now_us()
        following = {topic: _next_offset(connection, topic) for topic in {one.topic for one in messages}}
        for one in messages:
            offset = following[one.topic]
            following[one.topic] = offset + 1
            found.append(Position(one.topic, 0, offset))
            rows.append((one.topic, offset, received, one.producer, one.value))
        connection.executemany(_INSERT, rows)
        connection.executemany(_ADVANCE, following.items())
        return found

    def _do(self, task: _Task) -> None:
        try:
            task.done.set_result(task.work(self._connected()))
        except (sqlite3.Error, OSError) as error:
            task.done.set_exception(self._failed(error))

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _failed(self, error: sqlite3.Error | OSError) -> SinkError:
        """Return what senders are told. The next group gets a new connection: who knows what this one still holds."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        what = "there is no space left for the spool" if full else "the spool cannot be written"
        self.trouble.says(what)
        why = getattr(error, "sqlite_errorname", type(error).__name__)
        todo = "make room on its disk, or raise its limit; nothing that was acknowledged is lost"
        return SinkError(what, why=why, todo=todo, retry_after=10)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or roll it back if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _next_offset(connection: sqlite3.Connection, topic: str) -> int:
    row = connection.execute(_NEXT, (topic,)).fetchone()
    return 0 if row is None else int(row[0])
