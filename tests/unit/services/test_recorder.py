"""The recorder's protocol against a log in memory and a real store that fails when it is told to."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import EvidenceError, LogAwayError, PoisonedError, StoreError
from services.recorder import Recorder, RecorderSettings
from services.recording import Prepared, Recording
from streams.batch import Decoded, RawBatch
from streams.decode import decode_all
from streams.outgoing import Outgoing
from tests.support.memory_log import MemoryLog, Reader, partition
from tests.support.moody_store import Mood, MoodyStore, moody
from tests.support.recorders import Told, Watcher, messages, recorder, running, until
from tests.support.stores import counts, finding_records

pytestmark = pytest.mark.asyncio
P0, P1 = partition(0), partition(1)
SMALL = RecorderSettings(batch_rows=20, batch_ms=20, drain_seconds=5, grace_seconds=5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MoodyStore]:
    with moody(tmp_path / "data") as store:
        yield store
        store.gate.set()


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.recording.FIRST_WAIT", 0.01)
    monkeypatch.setattr("services.recorder.AGAIN_SECONDS", 0.01)


def made(reader: Reader, store: MoodyStore, told: Told | None = None, **more: Any) -> tuple[Recorder, Watcher]:
    return recorder(reader, store, (told or Told()).publish, **{"settings": SMALL, **more})


def spans(store: MoodyStore) -> list[tuple[int, int, int]]:
    rows = store.rows("SELECT partition, accepted_first AS f, last FROM ranges ORDER BY partition, f")
    joined: list[tuple[int, int, int]] = []
    for number, first, last in (tuple(row.values()) for row in rows):
        goes_on = joined and joined[-1][0] == number and joined[-1][2] + 1 == first
        joined.append((number, joined.pop()[1] if goes_on else first, last))
    return joined


async def record_all(reader: Reader, store: MoodyStore, told: Told | None = None, **more: Any) -> Watcher:
    one, watcher = made(reader, store, told, **more)
    async with running(one) as task:
        await until(
            lambda: all(reader.hints.get(p) == reader.log.end(p) for p, m in reader.log.messages.items() if m), task
        )
    return watcher


async def test_steps_follow_each_other_in_the_order_that_loses_nothing(store: MoodyStore) -> None:
    steps: list[str] = []
    told = Told()

    async def publish(out: Sequence[Outgoing]) -> None:
        assert store.inserts["evidence_rows"] == 1
        assert not store.inserts["range_rows"]
        steps.append("told")
        await told.publish(out)

    reader = Reader(MemoryLog({P0: messages(range(5))}))
    one, watcher = recorder(
        reader, store, publish, settings=SMALL, checkpoint=lambda name: steps.append(f"{name} {len(reader.hints)}")
    )
    async with running(one) as task:
        await until(lambda: watcher.count == 5, task)

    assert steps == ["read 0", "prepared 0", "rows 0", "told", "acknowledged 0", "ranges 0", "committed 1"]
    assert told.values("findings") == [record.encode() for record in _in_order(store)]
    assert reader.left


def _in_order(store: MoodyStore) -> list[str]:
    rows = store.rows("SELECT record FROM findings ORDER BY `position.offset`, `position.part`, rule, role")
    return [row["record"] for row in rows]


async def test_several_partitions_are_one_write_with_a_range_each(store: MoodyStore) -> None:
    reader = Reader(MemoryLog({P0: messages(range(7)), P1: messages(range(7, 12))}))
    watcher = await record_all(reader, store)

    assert watcher.batches == [2]
    assert store.inserts["evidence_rows"] == store.inserts["range_rows"] == 1
    assert spans(store) == [(0, 0, 6), (1, 0, 4)]
    assert reader.hints == {P0: 7, P1: 5}


async def test_ranges_cover_the_gaps_between_messages_and_before_the_first(store: MoodyStore) -> None:
    log = MemoryLog({P0: []})
    log.begins[P0] = 3
    log.append(P0, *messages(range(2)), at=5)
    log.append(P0, *messages(range(2, 40)), at=20)
    await record_all(Reader(log), store)

    assert spans(store) == [(0, 3, 57)]
    assert store.rows("SELECT sum(messages) AS m, sum(skipped) AS s FROM ranges") == [{"m": 40, "s": 15}]


async def test_while_one_batch_is_written_the_next_is_judged_one_more_is_read_and_decoded_and_no_other(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(MemoryLog({P0: messages(range(200))}))
    steps: list[str] = []
    decoded: list[int] = []

    def decode(batches: Sequence[RawBatch]) -> list[Decoded]:
        decoded.append(batches[0].first)
        return decode_all(batches)

    monkeypatch.setattr("services.recorder.decode_all", decode)
    one, watcher = made(reader, store, checkpoint=steps.append)
    store.gate.clear()
    async with running(one) as task:
        await until(lambda: steps.count("prepared") == 2, task)
        await asyncio.sleep(0.2)
        assert steps == ["read", "prepared", "read", "prepared"]
        assert reader.handed_out == 3 * SMALL.batch_rows
        assert decoded == [0, SMALL.batch_rows, 2 * SMALL.batch_rows]
        store.gate.set()
        await until(lambda: watcher.count == 200, task)

    assert spans(store) == [(0, 0, 199)]


async def test_what_comes_behind_a_batch_that_is_refused_does_not_count_though_it_is_judged_already(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, begun, go = Recording.prepare, threading.Event(), threading.Event()

    def prepare(self: Recording, batches: Sequence[RawBatch], decoded: Sequence[Decoded]) -> list[Prepared]:
        if batches[0].first:
            begun.set()
            assert go.wait(10)
        return judge(self, batches, decoded)

    monkeypatch.setattr(Recording, "prepare", prepare)
    reader = Reader(MemoryLog({P0: messages(range(30))}))
    one, _ = made(reader, store)
    store.gate.clear()
    task = asyncio.create_task(one.run())
    await until(lambda: begun.is_set() and store.waiting.is_set(), task)
    store.moods["evidence_rows"] = ["refused"]
    store.gate.set()
    await asyncio.sleep(0.5)  # the log has nothing more: the refusal is seen before the second batch is judged
    go.set()
    with pytest.raises(StoreError, match="the disk is full"):
        await asyncio.wait_for(task, 10)

    assert spans(store) == []
    assert reader.hints == {}
    assert not store.inserts["evidence_rows"]


@pytest.mark.parametrize("mood", ["away", "away after writing"])
@pytest.mark.parametrize("table", ["evidence_rows", "personal_short_rows", "finding_rows", "range_rows"])
async def test_a_store_that_is_away_or_does_not_answer_is_tried_again_and_each_position_counts_once(
    store: MoodyStore, table: str, mood: Mood
) -> None:
    told = Told()
    reader = Reader(MemoryLog({P0: messages(range(30)), P1: messages(range(30, 50))}))
    store.moods[table] = [mood] * 3
    watcher = await record_all(reader, store, told)

    assert len(watcher.retries) == 3
    assert spans(store) == [(0, 0, 29), (1, 0, 19)]
    seen = counts(store)
    assert (seen["events"], seen["short"], seen["long"]) == (50, 50, 50)
    assert sorted(value.decode() for value in told.values("findings")) == finding_records(store)


async def test_while_the_store_is_away_the_lag_grows_with_the_log_and_batches_under_way_are_in_it(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.recorder.LAG_SECONDS", 0.01)
    reader = Reader(MemoryLog({P0: messages(range(100)), P1: messages(range(100, 105))}))
    one, watcher = made(reader, store)
    store.moods["evidence_rows"] = ["away"] * 10_000
    async with running(one) as task:
        await until(lambda: len(watcher.retries) > 2, task)
        assert reader.handed_out > SMALL.batch_rows
        await until(lambda: watcher.lags == {P0: 100, P1: 5}, task)
        reader.log.append(P0, *messages(range(200, 230)))
        await until(lambda: watcher.lags == {P0: 130, P1: 5}, task)
        store.moods.clear()
        await until(lambda: watcher.count == 135, task)
        await until(lambda: watcher.lags == {P0: 0, P1: 0}, task)
        reader.log.append(P1, *messages(range(300, 301)))
        await until(lambda: watcher.count == 136 and watcher.lags == {P0: 0, P1: 0}, task)


async def test_of_partitions_that_were_let_go_no_lag_is_told_though_a_batch_of_theirs_ends_later(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.recorder.LAG_SECONDS", 0.01)
    reader = Reader(MemoryLog({P0: messages(range(10)), P1: messages(range(10, 20))}), [P0])
    one, watcher = made(reader, store)
    store.gate.clear()
    async with running(one) as task:
        await until(store.waiting.is_set, task)
        leaving = asyncio.create_task(reader.move([P1]))
        await asyncio.sleep(0)
        watcher.lags.clear()
        store.gate.set()
        await leaving
        await until(lambda: watcher.lags == {P1: 0}, task)
        assert watcher.count == 20


async def test_nothing_counts_before_others_have_been_told(store: MoodyStore) -> None:
    calls = 0

    async def publish(out: Sequence[Outgoing]) -> None:  # noqa: ARG001
        nonlocal calls
        calls += 1
        assert counts(store)["events"] == 0
        if calls < 4:
            raise LogAwayError("Kafka is away")

    one, watcher = recorder(Reader(MemoryLog({P0: messages(range(10))})), store, publish, settings=SMALL)
    async with running(one) as task:
        await until(lambda: watcher.count == 10, task)

    assert calls == 4
    assert watcher.retries == ["publish"] * 3
    assert store.inserts["evidence_rows"] == 1


async def test_what_was_begun_is_finished_before_partitions_are_let_go(store: MoodyStore) -> None:
    log = MemoryLog({P0: messages(range(60)), P1: messages(range(60, 120))})
    reader = Reader(log)
    one, watcher = made(reader, store)
    store.gate.clear()
    async with running(one) as task:
        await until(store.waiting.is_set, task)
        leaving = asyncio.create_task(reader.move([P1]))
        await asyncio.sleep(0.1)
        assert not leaving.done()
        store.gate.set()
        await leaving
        other, _ = made(Reader(log, [P0]), store, prefix="s")
        async with running(other):
            await until(lambda: counts(store)["events"] == 120, task)

    assert watcher.warnings == []
    assert spans(store) == [(0, 0, 59), (1, 0, 59)]
    assert store.rows("SELECT count() AS n FROM evidence_rows") == [{"n": 120}], "something was recorded twice"


class HeldDecoder:
    """Decodes, but holds the batches that begin at one offset until it is told to go on, the first time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, first: int) -> None:
        self._first = first
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()
        monkeypatch.setattr("services.recorder.decode_all", self._decode)

    def _decode(self, batches: Sequence[RawBatch]) -> list[Decoded]:
        if batches[0].first != self._first or self.begun.is_set():
            return decode_all(batches)
        self.begun.set()
        assert self.go.wait(10)
        self.ended.set()
        return decode_all(batches)


@pytest.mark.parametrize("back", [False, True], ids=["by another one", "when they come back"])
async def test_what_is_taken_away_while_it_is_decoded_is_not_waited_for_and_read_again(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch, *, back: bool
) -> None:
    held = HeldDecoder(monkeypatch, first=0)
    log = MemoryLog({P0: messages(range(60))})
    reader = Reader(log)
    steps: list[str] = []
    one, watcher = made(reader, store, checkpoint=steps.append)
    async with running(one) as task:
        await until(held.begun.is_set, task)
        await reader.move([P0] if back else [])
        assert not steps, "what was only decoded was held on to"
        if not back:
            await record_all(Reader(log), store, prefix="s")
        held.go.set()
        await until(lambda: held.ended.is_set() and counts(store)["events"] == 60, task)
        await asyncio.sleep(0.2)

    assert watcher.count == (60 if back else 0)
    assert spans(store) == [(0, 0, 59)]
    assert store.rows("SELECT count() AS n FROM evidence_rows") == [{"n": 60}], "something was recorded twice"


async def test_an_error_of_the_batch_before_is_told_though_the_next_one_is_still_decoded(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldDecoder(monkeypatch, first=SMALL.batch_rows)

    def prepare(*_: object) -> list[Prepared]:
        assert held.begun.wait(10)
        raise ZeroDivisionError

    monkeypatch.setattr(Recording, "prepare", prepare)
    one, _ = made(Reader(MemoryLog({P0: messages(range(60))})), store)
    try:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(one.run(), 5)
        assert not held.ended.is_set()
    finally:
        held.go.set()


async def test_who_is_told_to_stop_while_it_decodes_leaves_that_batch_to_the_next_one(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldDecoder(monkeypatch, first=SMALL.batch_rows)
    log = MemoryLog({P0: messages(range(60))})
    one, watcher = made(Reader(log), store)
    task = asyncio.create_task(one.run())
    await until(lambda: held.begun.is_set() and watcher.count == SMALL.batch_rows, task)
    one.stop()
    await asyncio.sleep(0.05)
    held.go.set()
    await asyncio.wait_for(task, 10)
    assert (watcher.count, watcher.warnings) == (SMALL.batch_rows, [])

    await record_all(Reader(log), store, prefix="s")
    assert spans(store) == [(0, 0, 59)]
    assert store.rows("SELECT count() AS n FROM evidence_rows") == [{"n": 60}]


async def test_a_defect_that_comes_with_each_start_does_not_keep_what_came_before_from_counting(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(batches: Sequence[RawBatch]) -> list[Decoded]:
        if batches[0].first:
            raise ZeroDivisionError
        return decode_all(batches)

    monkeypatch.setattr("services.recorder.decode_all", decode)
    one, _ = made(Reader(MemoryLog({P0: messages(range(60))})), store)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(one.run(), 10)

    assert spans(store) == [(0, 0, SMALL.batch_rows - 1)]


async def test_what_cannot_be_finished_in_time_is_let_go_and_done_by_the_next_one(store: MoodyStore) -> None:
    log = MemoryLog({P0: messages(range(50))})
    reader = Reader(log)
    one, watcher = made(reader, store, settings=RecorderSettings(batch_rows=20, batch_ms=20, drain_seconds=0.2))
    store.moods["evidence_rows"] = ["away"] * 10_000
    async with running(one) as task:
        await until(lambda: len(watcher.retries) > 2, task)
        await reader.move([])
        assert len(watcher.warnings) == 1
        store.moods.clear()
        await record_all(Reader(log), store, prefix="s")
        assert spans(store) == [(0, 0, 49)]
        await asyncio.sleep(0.1)
        assert watcher.count == 0


async def test_a_stalled_recorder_that_comes_back_after_another_took_over_changes_nothing(
    store: MoodyStore,
) -> None:
    log = MemoryLog({P0: messages(range(55))})
    stalled, go = asyncio.Event(), asyncio.Event()

    async def publish(out: Sequence[Outgoing]) -> None:  # noqa: ARG001
        stalled.set()  # between rows and range row
        await go.wait()

    zombie, seen = recorder(Reader(log), store, publish, settings=SMALL, prefix="a")
    async with running(zombie) as task:
        await stalled.wait()
        await record_all(Reader(log), store, prefix="b")
        assert spans(store) == [(0, 0, 54)]
        before = counts(store), finding_records(store)
        go.set()
        await until(lambda: seen.count == 55, task)

    assert (counts(store), finding_records(store)) == before
    assert spans(store) == [(0, 0, 54)]
    assert store.rows("SELECT count() AS n FROM evidence_rows")[0]["n"] == 110


async def test_a_log_that_was_made_anew_while_a_batch_was_read_stops_it_before_that_batch_counts(
    store: MoodyStore,
) -> None:
    reader = Reader(MemoryLog({P0: messages(range(10))}))
    await record_all(reader, store)
    reader.made_anew = True
    reader.log.append(P0, *messages(range(10, 20)))

    one, _ = made(reader, store, prefix="s")
    with pytest.raises(EvidenceError):
        await asyncio.wait_for(one.run(), 10)
    assert spans(store) == [(0, 0, 9)]
    assert reader.left


async def test_too_much_poison_stops_it_once_what_was_read_is_recorded(store: MoodyStore) -> None:
    settings = RecorderSettings(batch_rows=20, batch_ms=20, dead_letter_stop_messages=40, dead_letter_stop_ratio=0.5)
    values = [b"poison" if i % 2 else m for i, m in enumerate(messages(range(500)))]
    reader = Reader(MemoryLog({P0: values}))
    one, _ = made(reader, store, settings=settings)

    with pytest.raises(PoisonedError, match=r"20 of the last 40 messages became dead letters .*dead_letter_stop"):
        await asyncio.wait_for(one.run(), 10)
    assert counts(store)["dead_letters"] >= 20
    assert counts(store)["dead_letters"] == counts(store)["events"]
    assert spans(store)[0][1] == 0


async def test_a_log_that_is_away_is_waited_for(store: MoodyStore) -> None:
    reader = Reader(MemoryLog({P0: messages(range(10))}))
    reader.away = True
    one, watcher = made(reader, store)
    async with running(one) as task:
        await until(lambda: watcher.retries.count("start") > 2, task)
        reader.away = False
        await until(lambda: watcher.count == 10, task)
        reader.away = True
        reader.log.append(P0, *messages(range(10, 15)))
        await until(lambda: watcher.retries.count("check") > 2, task)
        assert watcher.count == 10
        reader.away = False
        await until(lambda: watcher.count == 15, task)


async def test_told_to_stop_it_finishes_what_was_begun(store: MoodyStore) -> None:
    reader = Reader(MemoryLog({P0: messages(range(100))}))
    one, watcher = made(reader, store)
    store.gate.clear()
    task = asyncio.create_task(one.run())
    await until(store.waiting.is_set, task)
    one.stop()
    await asyncio.sleep(0.1)
    assert not task.done()
    store.gate.set()
    await asyncio.wait_for(task, 5)

    assert watcher.count == spans(store)[0][2] + 1 == reader.hints[P0] > 0
    assert watcher.warnings == []


@pytest.mark.parametrize("when", ["the store is away", "the log is away"])
async def test_told_to_stop_while_nothing_can_be_finished_it_ends_within_its_grace_period(
    store: MoodyStore, when: str
) -> None:
    reader = Reader(MemoryLog({P0: messages(range(100))}))
    settings = RecorderSettings(batch_rows=20, batch_ms=20, grace_seconds=0.3)
    one, watcher = made(reader, store, settings=settings)
    if when == "the store is away":
        store.moods["evidence_rows"] = ["away"] * 10_000
    else:
        reader.away = True
    task = asyncio.create_task(one.run())
    await until(lambda: len(watcher.retries) > 2, task)
    one.stop()
    await asyncio.wait_for(task, 3)

    assert counts(store)["events"] == 0
    assert len(watcher.warnings) == (1 if when == "the store is away" else 0)


RECORDED = 30


def _truncated(log: MemoryLog) -> None:
    del log.messages[P0][20:]


def _emptied(log: MemoryLog) -> None:
    log.messages[P0].clear()


def _expired_unseen(log: MemoryLog) -> None:
    log.append(P0, *messages(range(30, 50)))
    del log.messages[P0][:40]


def _made_anew(log: MemoryLog) -> None:
    log.messages[P0].clear()
    log.append(P0, *messages(range(900, 950)))


def _overwritten(log: MemoryLog) -> None:
    del log.messages[P0][RECORDED - 1]
    log.append(P0, *messages(range(30, 40)), at=RECORDED)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_truncated, "the log ends before what was recorded of it: it ends at 20, and 29 is recorded"),
        (_emptied, "the log ends before what was recorded of it: it ends at 0"),
        (
            _expired_unseen,
            "messages are gone that were never recorded: the log begins at 40 now, and recording has to go on at 30",
        ),
        (_made_anew, "the log holds another message where the last recorded one was"),
        (_overwritten, "the last recorded message is no longer in the log"),
    ],
)
async def test_a_log_that_is_not_the_one_that_was_recorded_stops_it(
    store: MoodyStore, change: Callable[[MemoryLog], None], says: str
) -> None:
    reader = Reader(MemoryLog({P0: messages(range(RECORDED))}))
    await record_all(reader, store)
    change(reader.log)

    one, _ = made(reader, store, prefix="s")
    with pytest.raises(EvidenceError) as stopped:
        await asyncio.wait_for(one.run(), 10)
    assert f"kafka:events|0 position 29: {says}" in str(stopped.value)
    assert stopped.value.todo
    assert spans(store) == [(0, 0, 29)]


def _all_expired(log: MemoryLog) -> None:
    log.messages[P0].clear()
    log.begins[P0] = RECORDED


def _compacted(log: MemoryLog) -> None:
    _overwritten(log)
    log.compacts.add(P0)


def _older_expired(log: MemoryLog) -> None:
    del log.messages[P0][: RECORDED - 1]


@pytest.mark.parametrize("change", [_all_expired, _older_expired, _compacted])
async def test_what_a_log_may_forget_does_not_stop_it(store: MoodyStore, change: Callable[[MemoryLog], None]) -> None:
    reader = Reader(MemoryLog({P0: messages(range(RECORDED))}))
    await record_all(reader, store)
    change(reader.log)
    reader.log.append(P0, *messages(range(50, 60)))
    await record_all(reader, store, prefix="s")

    assert spans(store) == [(0, 0, reader.log.end(P0) - 1)]
