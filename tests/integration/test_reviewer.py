"""The identity review on a real Kafka and over HTTP: found once, told, and the same whoever is killed or works beside."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from services.recorder import RecorderSettings
from services.reviewer import Reviewer, record_and_review
from services.run_recorder import run_recorder
from services.store import Store
from tests.support.clickhouse_front import running_front
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import Message, committed, read, send
from tests.support.memory_log import MemoryLog, Reader, partition
from tests.support.recorder_process import REVIEW_POINTS, process, settings
from tests.support.recorders import PATIENCE, Told, Watcher, recorder, recording, until
from tests.support.stores import NOW, context, counts, event, finding_records, open_store

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(600)]
RULE = "TRAIL-ID-REUSED"


def message(number: int, **data: Any) -> bytes:
    return json.dumps(event(number, **data)).encode()


async def given(topics: Topics, data: Path) -> dict[str, Any]:
    """Return a plan: two partitions, through which e1 and e5 came with different contents, and e2 twice the same."""
    topic = await topics.create("events", partitions=2)
    values = [message(1), message(3), message(2), message(2), message(5), message(1, action="export")]
    values += [message(4), message(5, outcome="denied")]
    await send(topics.bootstrap, topic, [Message(value, b"k", partition=i % 2) for i, value in enumerate(values)])
    return {
        "data": str(data),
        "bootstrap": topics.bootstrap,
        "topics": [topic],
        "out": {kind: await topics.create(kind) for kind in ("findings", "activity", "deadletter")},
        "group": topics.name("g"),
        "recorder": {"review_seconds": 0.1},
    }


def reused(store: Store) -> list[tuple[int, int]]:
    rows = store.rows(
        "SELECT `position.partition` AS p, `position.offset` AS o FROM findings WHERE rule = {rule:String} ORDER BY p, o",
        {"rule": RULE},
    )
    return [(row["p"], row["o"]) for row in rows]


EXPECTED = [(0, 0), (0, 2), (1, 2), (1, 3)]


async def until_found(store: Store, expected: list[tuple[int, int]]) -> None:
    """Wait until the store shows these positions; it is asked beside the loop, in which heartbeats go on."""
    async with asyncio.timeout(2 * PATIENCE):
        while await asyncio.to_thread(reused, store) != expected:  # noqa: ASYNC110  (the store tells nobody)
            await asyncio.sleep(0.3)


async def test_killed_at_each_point_of_a_review_an_id_that_came_again_is_found_and_told_once(
    topics: Topics, tmp_path: Path
) -> None:
    plan = await given(topics, tmp_path / "data")
    for point in REVIEW_POINTS:
        killed = process({**plan, "kill": point, "group": topics.name("g")}, tmp_path)  # nobody waits for the dead
        assert await asyncio.to_thread(killed.wait) == -signal.SIGKILL, (tmp_path / "err").read_text()
    # One more with other content; of the rest all is recorded, and perhaps reviewed.
    await send(topics.bootstrap, plan["topics"][0], [Message(message(3, action="delete"), b"k", partition=0)])
    last = process(plan, tmp_path)
    try:
        async with asyncio.timeout(2 * PATIENCE):
            while (await committed(topics.bootstrap, plan["group"], plan["topics"][0])).get(0) != 5:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    finally:
        last.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(last.wait) == 0, (tmp_path / "err").read_text()

    with open_store(tmp_path / "data") as store:
        assert reused(store) == [*EXPECTED[:2], (0, 4), (1, 0), *EXPECTED[2:]]
        assert counts(store)["events"] == 9
        records = finding_records(store)
        assert store.rows("SELECT count() AS n FROM finding_rows")[0]["n"] > len(records), "no attempt left rows"
    told = await read(topics.bootstrap, plan["out"]["findings"])
    assert sorted({(m.value or b"").decode() for m in told}) == records
    places = {dict(m.headers)["position"].decode() for m in told if json.loads(m.value or b"")["rule"] == RULE}
    expected = [*EXPECTED, (0, 4), (1, 0)]
    assert places == {f"kafka:{plan['topics'][0]}|{number}|{offset}|0" for number, offset in expected}


async def test_of_two_recorders_one_reviews_and_another_takes_over_from_it(topics: Topics, tmp_path: Path) -> None:
    plan = await given(topics, tmp_path / "data")
    stops: list[Any] = []

    def started(store: Store) -> asyncio.Task[None]:
        return asyncio.create_task(run_recorder(store, context, settings(plan), until=stops.append))

    with open_store(tmp_path / "data") as store:
        first, second = started(store), started(store)
        await until_found(store, EXPECTED)
        stops[0]()
        await asyncio.wait_for(first, PATIENCE)
        await send(topics.bootstrap, plan["topics"][0], [Message(message(3, action="delete"), b"k", partition=0)])
        await until_found(store, sorted([*EXPECTED, (0, 4), (1, 0)]))
        stops[1]()
        await asyncio.wait_for(second, PATIENCE)


async def test_over_http_two_reviewers_find_the_same_as_in_one_process(tmp_path: Path) -> None:
    values = {partition(0): [message(1), message(2)], partition(1): [message(2), message(1, action="export")]}
    sizes = RecorderSettings(batch_rows=20, batch_ms=20, grace_seconds=20, review_seconds=0.05)

    async def seen(store: Store) -> tuple[list[tuple[int, int]], list[str], dict[str, int]]:
        one, watcher = recorder(Reader(MemoryLog(values)), store, Told().publish, settings=sizes)
        reviewers = [Reviewer(recording(store, Told().publish, prefix=name), lambda: True, sizes) for name in "xy"]
        beside = asyncio.create_task(reviewers[1].run())
        task = asyncio.create_task(record_and_review(one, reviewers[0]))
        await until(lambda: watcher.count == 4 and len(reused(store)) == 2, task)
        for reviewer in reviewers:
            reviewer.stop()
        one.stop()
        await asyncio.gather(task, beside)
        await reviewers[1].close()
        return reused(store), finding_records(store), counts(store)

    with open_store(tmp_path / "data") as store:
        embedded = await seen(store)
    with running_front(tmp_path / "front") as front:
        place = front.settings("reviewed")
        with Store.connect(place, tmp_path / "keys", now=NOW, create=True) as store:
            assert await seen(store) == embedded
    assert embedded[0] == [(0, 0), (1, 1)]


async def test_a_recorder_that_is_told_to_stop_reviews_before_it_ends(topics: Topics, tmp_path: Path) -> None:
    plan = await given(topics, tmp_path / "data")
    plan["recorder"] = {"review_seconds": 3_600, "grace_seconds": 60}
    stops: list[Any] = []
    watcher = Watcher()
    with open_store(tmp_path / "data") as store:
        task = asyncio.create_task(
            run_recorder(store, context, settings(plan), observer=watcher, until=stops.append)
        )  # fmt: skip
        await until(lambda: watcher.count == 8, task)
        assert await asyncio.to_thread(reused, store) == []
        stops[0]()
        await asyncio.wait_for(task, 2 * PATIENCE)
        assert reused(store) == EXPECTED
        assert not watcher.warnings
