"""The spool as the log in front of the recorder, read by the real recorder into a real store."""

import asyncio
import datetime as dt
import json
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from schemas.errors import EvidenceError
from services.gateway_sink import Message, SinkError
from services.log import Bounds, Partition
from services.recorder import RecorderSettings
from services.spool import Spool
from services.spool_log import SpoolLog, SpoolSink, keep_short
from tests.support.gateways import EVENTS, NOW
from tests.support.recorders import Told, messages, recorder, running, until
from tests.support.stores import counts, open_store

pytestmark = pytest.mark.asyncio
P = Partition("spool:audit.events", 0, "native")
RAW = Partition("spool:audit.raw.cloudtrail", 0, "cloudtrail")


class Reader:
    """Takes what a log assigns."""

    def __init__(self) -> None:
        self.partitions: list[Partition] = []

    def assigned(self, partitions: Collection[Partition]) -> None:
        self.partitions = list(partitions)

    async def revoked(self) -> None:
        self.partitions = []


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    one = Spool.open(tmp_path / "spool", now=lambda: NOW)
    yield one
    one.shut()


def sent(*values: bytes, topic: str = EVENTS) -> list[Message]:
    return [Message(topic, b"", value, "crm") for value in values]


async def test_everything_that_a_gateway_takes_in_is_assigned_at_once(spool: Spool) -> None:
    reader = Reader()
    await SpoolLog(spool).start(reader)
    assert reader.partitions == [P, RAW]


async def test_a_message_wakes_whoever_waits_for_it(spool: Spool) -> None:
    log = SpoolLog(spool)
    log.go_on(P, 0)
    waiting = asyncio.create_task(log.poll([P], seconds=30, rows=10))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await SpoolSink(spool, log.wake).append(sent(b"a", b"b"))
    found = await asyncio.wait_for(waiting, 5)
    assert (found[P].offsets, found[P].values) == ([0, 1], [b"a", b"b"])


async def test_no_message_is_told_after_the_wait_is_over(spool: Spool) -> None:
    log = SpoolLog(spool)
    log.go_on(P, 0)
    assert await log.poll([P], seconds=0.01, rows=10) == {}


async def test_a_poll_goes_on_where_the_last_one_ended_and_takes_no_more_than_asked(spool: Spool) -> None:
    log = SpoolLog(spool)
    await spool.append(sent(*(b"%d" % number for number in range(5))))
    await spool.append(sent(b"{}", topic="audit.raw.cloudtrail"))
    log.go_on(P, 0)
    log.go_on(RAW, 0)
    polls = [await log.poll([P, RAW], seconds=0.01, rows=3) for _ in range(3)]
    assert [{one: run.offsets for one, run in poll.items()} for poll in polls] == [
        {P: [0, 1, 2]}, {P: [3, 4], RAW: [0]}, {},
    ]  # fmt: skip


async def test_bounds_lag_and_a_message_to_compare_are_told(spool: Spool) -> None:
    log = SpoolLog(spool)
    await spool.append(sent(b"a", b"b", b"c"))
    assert await log.bounds([P, RAW]) == {P: Bounds(0, 3), RAW: Bounds(0, 0)}
    assert await log.messages_at({P: 1, RAW: 0}) == {P: (1, b"b"), RAW: None}
    assert (log.lag(P, 1), log.lag(RAW, 0)) == (2, 0)
    assert not await log.compacted(P)


async def test_what_is_recorded_and_old_is_erased_but_for_the_message_that_is_read_again(spool: Spool) -> None:
    log = SpoolLog(spool)
    await spool.append(sent(b"a", b"b", b"c", b"d"))
    assert log.trim(NOW + dt.timedelta(days=1)) == 0  # nothing counts yet
    await log.commit({P: 3})
    assert log.trim(NOW) == 0  # nothing is old yet
    assert log.trim(NOW + dt.timedelta(seconds=1)) == 2
    assert await log.bounds([P]) == {P: Bounds(2, 4)}
    assert await log.messages_at({P: 2}) == {P: (2, b"c")}


async def test_it_is_kept_short_without_being_asked(spool: Spool) -> None:
    log = SpoolLog(spool)
    await spool.append(sent(b"a", b"b"))
    await log.commit({P: 2})
    keeping = asyncio.create_task(keep_short(log, dt.timedelta(), lambda: NOW + dt.timedelta(days=1), seconds=0.01))
    await until(lambda: spool.begin(EVENTS) == 1)
    keeping.cancel()


async def test_a_spool_that_cannot_be_written_is_kept_short_later(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log, trim = SpoolLog(spool), spool.trim
    await spool.append(sent(b"a", b"b"))
    await log.commit({P: 2})
    full = iter([SinkError("there is no space left for the spool")])

    def full_at_first(topic: str, recorded: int, before: dt.datetime) -> int:
        for error in full:
            raise error
        return trim(topic, recorded, before)

    monkeypatch.setattr(spool, "trim", full_at_first)
    keeping = asyncio.create_task(keep_short(log, dt.timedelta(), lambda: NOW + dt.timedelta(days=1), seconds=0.01))
    await until(lambda: spool.begin(EVENTS) == 1, keeping)
    keeping.cancel()
    assert "there is no space left for the spool" in caplog.text


async def test_a_spool_that_ends_before_where_it_was_read_is_not_the_one(spool: Spool) -> None:
    log = SpoolLog(spool)
    await spool.append(sent(b"a"))
    log.go_on(P, 7)
    with pytest.raises(EvidenceError, match="not the one that was recorded"):
        await log.poll([P], seconds=0.01, rows=1)


async def test_a_recorder_makes_it_evidence_and_goes_on_behind_it(spool: Spool, tmp_path: Path) -> None:
    record = json.dumps({"Records": []}).encode()
    await spool.append(sent(*messages(range(120)), b"no json"))
    await spool.append(sent(record, topic="audit.raw.cloudtrail"))
    settings = RecorderSettings(batch_rows=50, batch_ms=20, dead_letter_stop_messages=10_000)
    with open_store(tmp_path / "data") as store:
        one, watcher = recorder(SpoolLog(spool), store, Told().publish, settings=settings)
        async with running(one) as task:
            await until(lambda: watcher.count == 122, task)
            assert counts(store)["events"] == 120
        log = SpoolLog(spool)
        again, watcher = recorder(log, store, Told().publish, settings=settings, prefix="s")
        async with running(again) as task:
            await SpoolSink(spool, log.wake).append(sent(*messages(range(120, 130))))
            await until(lambda: watcher.count == 10, task)
        assert counts(store)["events"] == 130


async def test_after_trimming_a_recorder_goes_on(spool: Spool, tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        log = SpoolLog(spool)
        await spool.append(sent(*messages(range(20))))
        one, watcher = recorder(log, store, Told().publish)
        async with running(one) as task:
            await until(lambda: log.recorded.get(EVENTS) == 19, task)
        assert log.trim(NOW + dt.timedelta(days=1)) == 19
        await spool.append(sent(*messages(range(20, 25))))
        again, watcher = recorder(SpoolLog(spool), store, Told().publish, prefix="s")
        async with running(again) as task:
            await until(lambda: watcher.count == 5, task)
        assert counts(store)["events"] == 25
