"""The store goes wrong under load: it refuses, hangs, fails in the middle of an insert, is slow, dies and comes back."""

import asyncio

import pytest

from tests.faults.conftest import PARTITIONS, Stage
from tests.faults.report import keep, share
from tests.faults.workload import Feeder, messages
from tests.support.clickhouse_front import Fault, Front
from tests.support.kafka.topics import send

TOO_LONG = 3.5
"""Seconds; longer than the recorder waits for an answer."""
FAULTS = {
    "refuses": (Fault("reset", times=3), Fault("status", code=503, times=2)),
    "hangs": (
        Fault("hang", "INTO evidence_rows", seconds=TOO_LONG),
        Fault("hang", "INTO range_rows", seconds=TOO_LONG),
    ),
    "fails in the middle of an insert": (
        Fault("half", "INTO evidence_rows"),
        Fault("half", "INTO finding_rows"),
        Fault("cut_before", "INTO personal_long_rows"),
        Fault("cut_after", "INTO personal_short_rows"),
        Fault("cut_after", "INTO range_rows"),
        Fault("cut_before", "INTO range_rows", skip=1),
    ),
    "is slow": (
        Fault("slow", "INTO", seconds=1, times=5),
        Fault("slow", "INTO evidence_rows", seconds=TOO_LONG),
        Fault("slow", "INTO range_rows", seconds=TOO_LONG),
    ),
    "has no memory, too many parts, is read-only": (
        Fault("error", "INTO", code=241),
        Fault("error", "INTO evidence_rows", code=252, skip=1),
        Fault("error", "INTO range_rows", code=242),
    ),
}
BACKLOG = 40_000
ROOM = 200 << 20
"""Bytes that a recorder may take while it waits, whatever waits in front of it."""


@pytest.mark.asyncio
@pytest.mark.timeout(400 * share(1))
async def test_a_store_that_goes_wrong_in_every_way_under_load_costs_nothing(shared: Stage, front: Front) -> None:
    times = share(1)
    workers = [shared.crew.start(), shared.crew.start()]
    async with Feeder(shared.bootstrap, shared.topic, partitions=PARTITIONS, rate=200, poison_every=17):
        for worker in workers:
            await worker.says("recorded")
        for name in list(FAULTS) * times:
            retries = shared.crew.retries()
            await asyncio.to_thread(front.faults, *FAULTS[name])
            await shared.crew.retried(retries + 1)
            await asyncio.sleep(TOO_LONG)
        await asyncio.to_thread(front.faults)
    await shared.caught_up()
    for worker in workers:
        await worker.stop()

    counts = await shared.count()
    assert counts.orphans > 0, "no insert was done again: the test did not test it"
    keep("store " + ", ".join(FAULTS), len(FAULTS) * times, counts)


@pytest.mark.asyncio
@pytest.mark.timeout(300)
async def test_while_the_store_is_away_memory_stays_bounded_and_afterwards_the_backlog_is_recorded(
    shared: Stage, front: Front
) -> None:
    worker = shared.crew.start(batch_rows=2000)
    await send(shared.bootstrap, shared.topic, messages(0, 1000, partitions=PARTITIONS, poison_every=17))
    await shared.caught_up()
    before = worker.memory
    await asyncio.to_thread(front.kill)
    await send(shared.bootstrap, shared.topic, messages(1000, BACKLOG, partitions=PARTITIONS, poison_every=17))
    await shared.crew.retried(3)
    grown = worker.memory - before
    await asyncio.to_thread(front.start)
    await shared.caught_up()
    await worker.stop()

    assert grown < ROOM, f"it took {grown >> 20} MiB while it waited"
    keep("store killed (kill -9) and started again, with a backlog", 1, await shared.count())
