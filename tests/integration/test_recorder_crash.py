"""kill -9 of the recorder at each named point of its work: one more run heals all, and nobody is told less."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import Message, committed, read, send
from tests.support.recorder_process import POINTS, process
from tests.support.recorders import PATIENCE, messages
from tests.support.stores import counts, open_store

pytestmark = pytest.mark.asyncio
EVENTS = 400


async def test_killed_at_each_point_and_run_again_nothing_is_lost_and_nothing_counts_twice(
    topics: Topics, tmp_path: Path
) -> None:
    topic = await topics.create("events", partitions=2)
    out = {kind: await topics.create(kind) for kind in ("findings", "activity", "deadletter")}
    group = topics.name("g")
    given = {
        "data": str(tmp_path / "data"),
        "bootstrap": topics.bootstrap,
        "topics": [topic],
        "out": out,
        "group": group,
    }
    values = [*messages(range(EVENTS)), b"no event", None]
    await send(topics.bootstrap, topic, [Message(value, b"k", partition=i % 2) for i, value in enumerate(values)])

    for point in POINTS:
        killed = process({**given, "kill": point, "group": topics.name("g")}, tmp_path)  # nobody waits for the dead
        assert await asyncio.to_thread(killed.wait) == -signal.SIGKILL, (tmp_path / "err").read_text()
    last = process(given, tmp_path)
    async with asyncio.timeout(PATIENCE):
        while await committed(topics.bootstrap, group, topic) != {0: 201, 1: 201}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    last.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(last.wait) == 0, (tmp_path / "err").read_text()

    with open_store(tmp_path / "data") as store:
        assert {name: counts(store)[name] for name in ("events", "dead_letters", "short")} == {
            "events": EVENTS,
            "dead_letters": 2,
            "short": EVENTS,
        }
        spans = store.rows(
            "SELECT partition, min(accepted_first) AS f, max(last) AS l, sum(last - accepted_first + 1) AS n FROM ranges GROUP BY partition ORDER BY partition"
        )
        assert [tuple(row.values()) for row in spans] == [(0, 0, 200, 201), (1, 0, 200, 201)]
        assert store.rows("SELECT count() AS n FROM evidence_rows")[0]["n"] > EVENTS + 2, (
            "no attempt left orphaned rows"
        )
        findings = {row["record"] for row in store.rows("SELECT record FROM findings")}
    assert {(m.value or b"").decode() for m in await read(topics.bootstrap, out["findings"])} == findings
