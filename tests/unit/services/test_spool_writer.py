"""The writer's thread over real SQLite files, with and without what goes wrong."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.gateway_sink import Message, SinkError
from services.spool import FILE, Spool
from services.spool_writer import SpoolWriter
from tests.support.gateways import NOW

Make = Callable[..., SpoolWriter]


def one(value: bytes, topic: str = "audit.events") -> list[Message]:
    return [Message(topic, b"", value, "x")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Spool.open(tmp_path, now=lambda: NOW).shut()
    return tmp_path / FILE


@pytest.fixture
def make(path: Path) -> Iterator[Make]:
    made = list[SpoolWriter]()

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)

    def writer(*, queue_bytes: int = 1000, appended: Callable[[], None] = lambda: None) -> SpoolWriter:
        made.append(SpoolWriter(connect, lambda: 7, queue_bytes, appended))
        return made[-1]

    yield writer
    for done in made:
        done.close()


def stop(writer: SpoolWriter) -> tuple[threading.Event, threading.Event]:
    """Keep the writer's thread busy; return what it sets once it is, and what lets it go on."""
    busy, go = threading.Event(), threading.Event()

    def work(_: sqlite3.Connection) -> None:
        busy.set()
        go.wait(30)

    writer.run(work)
    assert busy.wait(10)
    return busy, go


def rows(path: Path) -> list[Any]:
    connection = sqlite3.connect(path)
    found = connection.execute('SELECT "offset", received_at, producer, bytes FROM messages ORDER BY 1').fetchall()
    connection.close()
    return found


def test_what_waits_is_committed_at_once_and_each_gets_its_own_positions(path: Path, make: Make) -> None:
    told = list[int]()
    writer = make(appended=lambda: told.append(1))
    _, go = stop(writer)
    futures = [writer.append(one(b"%d" % number)) for number in range(20)]
    go.set()

    assert [future.result(10)[0].offset for future in futures] == list(range(20))
    assert (writer.commits, told) == (1, [1])
    assert rows(path)[3] == (3, 7, "x", b"3")


def test_too_much_that_waits_is_refused_but_never_everything(make: Make) -> None:
    writer = make(queue_bytes=100)
    _, go = stop(writer)
    large = writer.append(one(b"x" * 500))  # more than the limit, but nothing else waits
    with pytest.raises(SinkError, match="behind"):
        writer.append(one(b"y"))
    go.set()
    assert large.result(10)
    assert writer.append(one(b"y")).result(10)


def test_what_is_cancelled_before_its_commit_is_not_written(path: Path, make: Make) -> None:
    writer = make()
    _, go = stop(writer)
    first, second, third = (writer.append(one(value)) for value in (b"a", b"b", b"c"))
    assert second.cancel()
    go.set()

    assert (first.result(10)[0].offset, third.result(10)[0].offset) == (0, 1)
    assert [row[3] for row in rows(path)] == [b"a", b"c"]


def test_a_failure_reaches_everyone_in_the_transaction_and_the_next_goes_on(path: Path, make: Make) -> None:
    writer = make()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    _, go = stop(writer)
    failed = [writer.append(one(b"a")), writer.append(one(b"b"))]
    go.set()
    for future in failed:
        with pytest.raises(SinkError, match="cannot be written: SQLITE_BUSY"):
            future.result(10)
    assert writer.trouble.text()
    other.execute("ROLLBACK")
    other.close()

    assert writer.append(one(b"c")).result(10)[0].offset == 0
    assert writer.trouble.text() == ""
    assert [row[3] for row in rows(path)] == [b"c"]


def test_a_transaction_that_fails_in_its_middle_leaves_nothing(path: Path, make: Make) -> None:
    writer = make()
    writer.append(one(b"a")).result(10)
    _break = sqlite3.connect(path, isolation_level=None)
    _break.execute(
        "CREATE TRIGGER full BEFORE INSERT ON messages WHEN new.bytes = x'62' BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    _break.close()
    with pytest.raises(SinkError):
        writer.append([*one(b"1"), *one(b"b"), *one(b"2")]).result(10)

    assert writer.append(one(b"c")).result(10)[0].offset == 1
    assert [row[3] for row in rows(path)] == [b"a", b"c"]


def test_work_for_its_connection_is_done_in_turn_and_tells_its_failure(make: Make) -> None:
    writer = make()
    appended = writer.append(one(b"a"))
    count = writer.run(lambda connection: connection.execute("SELECT count(*) FROM messages").fetchone()[0])
    assert count.result(10) == 1
    assert appended.done()
    with pytest.raises(SinkError):
        writer.run(lambda connection: connection.execute("SELECT nothing")).result(10)
    assert writer.append(one(b"b")).result(10)[0].offset == 1


def test_closing_writes_what_waits(path: Path, make: Make) -> None:
    writer = make()
    _, go = stop(writer)
    futures = [writer.append(one(b"a")), writer.append(one(b"b"))]
    threading.Timer(0.1, go.set).start()
    writer.close()

    assert all(future.done() for future in futures)
    assert len(rows(path)) == 2
