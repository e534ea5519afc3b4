"""The reviewer beside a recorder: on time, in the right hands, and in nobody's way."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import LogError
from services.identity_review import pieces
from services.recorder import Recorder, RecorderSettings
from services.recording import Prepared
from services.reviewer import REST, SPREAD, Reviewer, record_and_review
from streams.outgoing import Outgoing
from tests.support.memory_log import MemoryLog, Reader, partition
from tests.support.moody_store import MoodyStore, moody
from tests.support.recorders import Told, Watcher, recorder, recording, until
from tests.support.stores import event

pytestmark = pytest.mark.asyncio
P0, P1 = partition(0), partition(1)
RULE = "TRAIL-ID-REUSED"
SOON = RecorderSettings(batch_rows=20, batch_ms=20, drain_seconds=5, grace_seconds=20, review_seconds=0.05)
LATE = RecorderSettings(batch_rows=20, batch_ms=20, drain_seconds=5, grace_seconds=20, review_seconds=3600)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MoodyStore]:
    with moody(tmp_path / "data") as store:
        yield store
        store.gate.set()


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.recording.FIRST_WAIT", 0.01)


def message(number: int, **data: Any) -> bytes:
    return json.dumps(event(number, **data)).encode()


def two_partitions() -> MemoryLog:
    """Return a log in which e1 came through both partitions, with different contents."""
    return MemoryLog({P0: [message(1), message(2)], P1: [message(3), message(1, action="export"), message(2)]})


def both(
    log: MemoryLog, store: MoodyStore, told: Told, settings: RecorderSettings, *, mine: bool = True, prefix: str = "r"
) -> tuple[Recorder, Reviewer, Watcher]:
    one, watcher = recorder(Reader(log), store, told.publish, settings=settings, prefix=prefix)
    of_review = recording(store, told.publish, prefix=f"{prefix}-review", observer=watcher)
    return one, Reviewer(of_review, lambda: mine, settings, observer=watcher), watcher


def found(store: MoodyStore) -> list[tuple[int, int]]:
    rows = store.rows(
        "SELECT `position.partition` AS p, `position.offset` AS o FROM findings WHERE rule = {rule:String} ORDER BY p, o",
        {"rule": RULE},
    )
    return [(row["p"], row["o"]) for row in rows]


def positions_told(told: Told) -> list[str]:
    return [
        position.decode()
        for one in told.messages
        for value, position in zip(one.values, one.positions, strict=True)
        if one.kind == "findings" and json.loads(value)["rule"] == RULE
    ]


async def stopped(one: Recorder, reviewer: Reviewer, task: asyncio.Task[None]) -> None:
    reviewer.stop()
    one.stop()
    await asyncio.wait_for(task, 30)


async def test_an_id_that_came_again_through_another_partition_is_found_and_told_while_it_runs(
    store: MoodyStore,
) -> None:
    told = Told()
    one, reviewer, watcher = both(two_partitions(), store, told, SOON)
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: bool(positions_told(told)), task)
    await until(lambda: watcher.count == 5, task)
    await until(lambda: found(store) == [(0, 0), (1, 1)], task)
    await stopped(one, reviewer, task)

    assert found(store) == [(0, 0), (1, 1)]
    assert sorted(positions_told(told)) == ["kafka:events|0|0|0", "kafka:events|1|1|0"]


async def test_what_the_timer_left_is_reviewed_when_it_is_told_to_stop(store: MoodyStore) -> None:
    told = Told()
    one, reviewer, watcher = both(two_partitions(), store, told, LATE)
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: watcher.count == 5, task)
    assert found(store) == []
    await stopped(one, reviewer, task)

    assert found(store) == [(0, 0), (1, 1)]
    assert len(positions_told(told)) == 2


async def test_beside_a_recorder_a_review_takes_its_time_and_at_the_end_it_does_not(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread: list[float] = []

    def noted(*of: Any, seconds: float, **more: Any) -> Iterator[Prepared]:
        spread.append(seconds)
        return pieces(*of, seconds=seconds, **more)

    monkeypatch.setattr("services.reviewer.pieces", noted)
    one, reviewer, _ = both(two_partitions(), store, Told(), SOON)
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: found(store) == [(0, 0), (1, 1)], task)
    await stopped(one, reviewer, task)

    assert set(spread) <= {SOON.review_seconds / REST, 0.0}
    assert spread[0] == SOON.review_seconds / REST
    spread.clear()
    one, reviewer, watcher = both(MemoryLog({partition(2): [message(7)]}), store, Told(), LATE, prefix="s")
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: watcher.count == 1, task)
    await stopped(one, reviewer, task)
    assert spread == [0.0]


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        (RecorderSettings(review_seconds=3600, grace_seconds=60), SPREAD),
        (RecorderSettings(review_seconds=3600, grace_seconds=4), 1.0),
        (RecorderSettings(review_seconds=2, grace_seconds=60), 2 / REST),
    ],
)
async def test_a_review_is_spread_over_no_more_than_interval_and_grace_period_allow(
    store: MoodyStore, settings: RecorderSettings, seconds: float
) -> None:
    spread: list[float] = []

    class Once(Reviewer):
        async def _stops_within(self, _: float) -> bool:
            return bool(spread)

        async def _review(self, seconds: float) -> float:
            spread.append(seconds)
            return 0.0

    reviewer = Once(recording(store, Told().publish), lambda: True, settings)
    await reviewer.run()
    await reviewer.close()

    assert spread == [seconds]


async def test_a_review_that_is_another_recorders_is_left_to_it(store: MoodyStore) -> None:
    one, reviewer, watcher = both(two_partitions(), store, Told(), SOON, mine=False)
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: watcher.count == 5, task)
    await asyncio.sleep(10 * SOON.review_seconds)
    await stopped(one, reviewer, task)

    assert found(store) == []
    assert not store.inserts["reviewed_positions"]


async def test_two_that_review_at_the_same_time_count_once(store: MoodyStore) -> None:
    log, told = two_partitions(), Told()
    one, reviewer, watcher = both(log, store, told, LATE)
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: watcher.count == 5, task)
    others = [Reviewer(recording(store, told.publish, prefix=name), lambda: True, SOON) for name in ("x", "y", "z")]
    tasks = [asyncio.create_task(other.run()) for other in others]
    await until(lambda: store.inserts["reviewed_positions"] > 0)
    for other in others:
        other.stop()
    await asyncio.gather(*tasks)
    for other in others:
        await other.close()
    await stopped(one, reviewer, task)

    assert found(store) == [(0, 0), (1, 1)]
    assert {*positions_told(told)} == {"kafka:events|0|0|0", "kafka:events|1|1|0"}


@pytest.mark.parametrize("mood", ["away", "away after writing"])
@pytest.mark.parametrize("table", ["finding_rows", "range_rows", "reviewed_positions"])
async def test_a_store_that_goes_away_in_the_middle_of_a_review_costs_nothing(
    store: MoodyStore, table: str, mood: Any
) -> None:
    told = Told()
    one, reviewer, watcher = both(two_partitions(), store, told, LATE)
    task = asyncio.create_task(record_and_review(one, reviewer))
    await until(lambda: watcher.count == 5, task)
    store.moods[table] = [mood]
    await stopped(one, reviewer, task)

    assert not store.moods[table]
    assert found(store) == [(0, 0), (1, 1)]


async def test_nothing_counts_before_it_was_told_and_what_cannot_be_told_for_good_ends_the_recorder(
    store: MoodyStore,
) -> None:
    class Deaf(Told):
        async def publish(self, out: Sequence[Outgoing]) -> None:
            await super().publish(out)
            if positions_told(self):
                raise LogError("there is no topic audit.findings")

    one, reviewer, _ = both(two_partitions(), store, Deaf(), SOON)
    with pytest.raises(LogError, match="there is no topic"):
        await asyncio.wait_for(record_and_review(one, reviewer), 30)

    assert found(store) == []


async def test_an_error_of_the_recorder_ends_the_reviewer_with_it(store: MoodyStore) -> None:
    one, reviewer, _ = both(MemoryLog({P0: [message(1)]}), store, Told(), LATE)
    one._log.made_anew = True  # type: ignore[attr-defined]  # noqa: SLF001  (the log's own mood)
    with pytest.raises(Exception, match="another log has its name now"):
        await asyncio.wait_for(record_and_review(one, reviewer), 30)


async def test_the_longer_a_review_takes_the_longer_it_rests(store: MoodyStore) -> None:
    clock = iter(range(0, 100_000, 100))  # each look at the clock is 100 seconds later
    pauses: list[float] = []

    class Resting(Reviewer):
        async def _stops_within(self, seconds: float) -> bool:
            pauses.append(seconds)
            return len(pauses) == 3

    of_review = recording(store, Told().publish)
    reviewer = Resting(of_review, lambda: True, LATE, monotonic=lambda: float(next(clock)))
    await reviewer.run()
    await reviewer.close()

    assert pauses == [3600, 3600, 3600]
    quick = RecorderSettings(review_seconds=1)
    reviewer = Resting(recording(store, Told().publish), lambda: True, quick, monotonic=lambda: float(next(clock)))
    pauses.clear()
    await reviewer.run()
    await reviewer.close()
    assert pauses == [1, 100 * REST, 100 * REST]
