import asyncio
import datetime as dt
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SourceError, StoreError
from services.gateway_sink import Message, Position, SinkError
from services.sources import BatchLimits
from services.spool import FILE, Spool
from tests.support.gateways import NOW

EVENTS, TRAIL = "audit.events", "audit.raw.cloudtrail"
DAY = dt.timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spool(tmp_path: Path, clock: Clock) -> Iterator[Spool]:
    with_it = Spool.open(tmp_path, now=clock)
    yield with_it
    with_it.shut()


def append(spool: Spool, *values: bytes, topic: str = EVENTS) -> list[Position]:
    return asyncio.run(spool.append([Message(topic, b"key", value, "crm") for value in values]))


def messages(spool: Spool, topic: str = EVENTS, after: int | None = None) -> list[bytes]:
    batch = spool.read(topic, after)
    return batch.messages if batch else []


def test_messages_come_out_as_they_went_in_with_offsets_from_0(spool: Spool) -> None:
    assert spool.read(EVENTS) is None
    assert append(spool, b"a", b"") == [Position(EVENTS, 0, 0), Position(EVENTS, 0, 1)]
    assert append(spool, b"\0\xff") == [Position(EVENTS, 0, 2)]

    batch = spool.read(EVENTS)
    assert batch is not None
    assert (batch.source, batch.partition, batch.format) == ("spool:audit.events", 0, "native")
    assert (batch.offsets, batch.messages, batch.first, batch.last) == ([0, 1, 2], [b"a", b"", b"\0\xff"], 0, 2)
    assert messages(spool, after=1) == [b"\0\xff"]
    assert spool.read(EVENTS, 2) is None


def test_each_topic_counts_for_itself(spool: Spool) -> None:
    append(spool, b"a")
    asyncio.run(spool.append([Message(TRAIL, b"", b"t0", "x"), Message(EVENTS, b"", b"b", "x")]))

    assert spool.topics() == [EVENTS, TRAIL]
    assert (messages(spool), messages(spool, TRAIL)) == ([b"a", b"b"], [b"t0"])
    assert (spool.end(EVENTS), spool.end(TRAIL), spool.end("audit.raw.none")) == (2, 1, 0)
    batch = spool.read(TRAIL)
    assert batch is not None
    assert batch.format == "cloudtrail"


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=30), st.integers(1, 6), st.integers(1, 40))
def test_batches_hold_everything_once_in_order_within_their_limits(
    tmp_path_factory: pytest.TempPathFactory, values: list[bytes], rows: int, size: int
) -> None:
    spool = Spool.open(tmp_path_factory.mktemp("spool"), now=Clock())
    append(spool, *values)
    found, after = list[bytes](), None
    while batch := spool.read(EVENTS, after, BatchLimits(rows, size)):
        assert batch.first == (0 if after is None else after + 1)
        assert len(batch.messages) <= rows
        assert sum(map(len, batch.messages[:-1])) < size
        found += batch.messages
        after = batch.last
    assert found == values
    spool.shut()


def test_what_was_appended_is_there_after_it_was_opened_again(tmp_path: Path) -> None:
    first = Spool.open(tmp_path, now=Clock())
    append(first, b"a", b"b")
    second = Spool.open(tmp_path, now=Clock())  # as after kill -9: nobody has closed the first
    assert messages(second) == [b"a", b"b"]
    assert append(second, b"c")[0].offset == 2
    assert append(first, b"d")[0].offset == 3, "two processes never give the same offset"
    first.shut()
    second.shut()


def test_a_copy_of_its_files_at_any_moment_holds_what_was_acknowledged(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path / "live", now=Clock())
    for number in range(5):
        append(spool, b"%d" % number)
        copy = tmp_path / f"copy-{number}"
        copy.mkdir()
        for file in (tmp_path / "live").iterdir():
            if not file.name.endswith("-shm"):  # memory: a power cut takes it
                (copy / file.name).write_bytes(file.read_bytes())
        seen = Spool.open(copy, now=Clock())
        assert messages(seen) == [b"%d" % one for one in range(number + 1)]
        seen.shut()
    spool.shut()


def test_commits_are_synced_to_the_disk_before_they_are_acknowledged(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, now=Clock())
    pragmas = ("journal_mode", "synchronous", "secure_delete", "auto_vacuum")

    def settings(connection: sqlite3.Connection) -> list[object]:
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]

    assert spool.writer.run(settings).result(10) == ["wal", 2, 1, 2]
    spool.shut()


def test_requests_that_wait_share_a_commit_and_keep_their_order(spool: Spool) -> None:
    async def many() -> list[list[Position]]:
        return await asyncio.gather(*(spool.append([Message(EVENTS, b"", b"%d" % n, "x")]) for n in range(200)))

    positions = asyncio.run(many())
    assert [one.offset for (one,) in positions] == list(range(200))
    assert messages(spool) == [b"%d" % n for n in range(200)]
    assert spool.commits < 100


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        spool = Spool.open(tmp_path / "spool", now=Clock())
        append(spool, b"x")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}
        spool.shut()
    finally:
        os.umask(old)
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_a_full_spool_refuses_keeps_what_it_has_and_goes_on_when_there_is_room(tmp_path: Path, clock: Clock) -> None:
    spool = Spool.open(tmp_path, now=clock, max_bytes=200_000)
    accepted = 0
    with pytest.raises(SinkError, match="no space left") as caught:  # noqa: PT012  (whichever is the first)
        while True:
            append(spool, *[os.urandom(1000)] * 5)
            accepted += 5
    assert caught.value.retry_after > 0
    assert "no space" in spool.problem()
    assert spool.end(EVENTS) == len(messages(spool)) == accepted
    with pytest.raises(SinkError):
        append(spool, os.urandom(50_000))

    assert spool.trim(EVENTS, accepted - 1, clock.now + DAY) == accepted - 1
    assert append(spool, b"more")[0].offset == accepted
    assert spool.problem() == ""
    assert (tmp_path / FILE).stat().st_size <= 200_000
    spool.shut()


def test_only_what_is_recorded_and_old_is_trimmed_and_the_last_recorded_message_stays(
    spool: Spool, clock: Clock
) -> None:
    append(spool, *[b"%d" % number for number in range(5)])
    clock.now += DAY
    append(spool, *[b"%d" % number for number in range(5, 10)])

    assert spool.trim(EVENTS, 2, NOW + DAY) == 2
    assert messages(spool, after=1)[0] == b"2", "the last recorded message can be read again"
    assert spool.trim(EVENTS, 9, NOW + DAY) == 3, "what was received a day later stays"
    assert spool.trim(TRAIL, 9, NOW + DAY) == 0
    assert messages(spool, after=4) == [b"5", b"6", b"7", b"8", b"9"]
    assert spool.trim(EVENTS, 9, NOW + 2 * DAY) == 4
    assert messages(spool, after=8) == [b"9"]


def test_offsets_go_on_after_everything_was_trimmed_and_it_was_opened_again(tmp_path: Path, clock: Clock) -> None:
    spool = Spool.open(tmp_path, now=clock)
    append(spool, b"a", b"b", b"c")
    assert spool.trim(EVENTS, 3, clock.now + DAY) == 3
    spool.shut()
    again = Spool.open(tmp_path, now=clock)
    assert again.read(EVENTS, 2) is None
    assert append(again, b"d")[0].offset == 3
    again.shut()


def test_nothing_of_what_was_trimmed_is_left_in_its_files(tmp_path: Path, clock: Clock) -> None:
    spool = Spool.open(tmp_path, now=clock)
    secret = b"personal data of somebody"
    append(spool, *[secret * 200] * 40)
    append(spool, b"x")
    assert any(secret in path.read_bytes() for path in tmp_path.iterdir())
    spool.trim(EVENTS, spool.end(EVENTS) - 1, clock.now + DAY)

    assert [path.name for path in tmp_path.iterdir() if secret in path.read_bytes()] == []
    assert (tmp_path / FILE).stat().st_size < 40 * len(secret * 200)
    spool.shut()


@pytest.mark.parametrize("after", [3, 100])
def test_a_spool_that_ends_before_what_was_recorded_is_another(spool: Spool, after: int) -> None:
    append(spool, b"a", b"b", b"c")
    with pytest.raises(SourceError, match="not the one that was recorded"):
        spool.read(EVENTS, after)


def test_a_spool_that_begins_behind_what_was_recorded_is_another(spool: Spool, clock: Clock) -> None:
    append(spool, b"a", b"b", b"c")
    spool.trim(EVENTS, 2, clock.now + DAY)
    with pytest.raises(SourceError, match="the first that it has is 2"):
        spool.read(EVENTS, 0)


def test_who_waits_is_woken_by_the_next_message(spool: Spool) -> None:
    woken = list[bool]()
    waiting = threading.Thread(target=lambda: woken.append(spool.wait(EVENTS, 0, 30)))
    append(spool, b"a")
    waiting.start()
    time.sleep(0.1)
    assert woken == []
    append(spool, b"b")
    waiting.join(10)
    assert woken == [True]
    assert spool.wait(EVENTS, None, 0)
    assert not spool.wait(EVENTS, 1, 0.01)


def test_a_closed_spool_takes_nothing_and_has_written_all(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, now=Clock())

    async def close_at_once() -> list[Position]:
        pending = asyncio.ensure_future(spool.append([Message(EVENTS, b"", b"a", "x")]))
        await asyncio.sleep(0)
        await spool.close()
        return await pending

    assert asyncio.run(close_at_once())[0].offset == 0
    with pytest.raises(SinkError, match="closed"):
        append(spool, b"b")


def test_what_is_no_spool_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="the spool cannot be used: SQLITE_NOTADB"):
        Spool.open(tmp_path, now=Clock())
    with pytest.raises(StoreError, match="cannot be used"):
        Spool.open(tmp_path / FILE, now=Clock())


def test_a_spool_of_another_version_is_left_alone(tmp_path: Path) -> None:
    Spool.open(tmp_path, now=Clock()).shut()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreError, match="another version"):
        Spool.open(tmp_path, now=Clock())
