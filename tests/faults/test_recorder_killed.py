"""kill -9 of the recorder: at random instants under load, and at each named point between two steps."""

import asyncio
import random
import signal

import pytest

from tests.faults.conftest import PARTITIONS, Stage
from tests.faults.report import TIMES, keep, share
from tests.faults.workload import Feeder
from tests.support.kafka.topics import read

IDLE_EVERY = 4
"""Each so-manieth is killed at a random instant from its start on; the others while they record."""
POINTS = ("read", "prepared", "rows", "acknowledged", "ranges", "committed")


@pytest.mark.asyncio
@pytest.mark.timeout(60 + 20 * TIMES)
async def test_killed_at_random_instants_under_load_nothing_is_lost_or_counts_twice(stage: Stage) -> None:
    chance = random.Random()  # noqa: S311  (the instants are random, the outcome must not be)
    # More than one can take in such small batches: whoever is killed was busy.
    async with Feeder(stage.bootstrap, stage.topic, partitions=PARTITIONS, rate=300, poison_every=17) as feeder:
        for number in range(TIMES):
            # A group of its own: nobody waits until a dead member is missed, and where to go on, ranges alone say.
            worker = stage.crew.start(group=f"{stage.crew.plan.group}-{number}")
            await worker.says("recorded" if number % IDLE_EVERY else "started")
            await asyncio.sleep(chance.uniform(0, 1))
            worker.kill()
    last = stage.crew.start(batch_rows=2_000)  # what is left is a backlog, the longer the slower the machine
    await stage.caught_up()
    await last.stop()

    counts = await stage.count()
    log = await read(stage.bootstrap, stage.topic)
    assert {(one.partition, one.offset): one.value for one in log} == feeder.acknowledged
    assert counts.messages == len(feeder.acknowledged)
    assert counts.orphans > 0, "nobody was killed between rows and their range: the test did not test it"
    assert counts.ranges > TIMES, "hardly anybody had recorded anything: the test did not test it"
    keep("recorder killed (kill -9) at a random instant under load", TIMES, counts)


@pytest.mark.asyncio
@pytest.mark.timeout(60 + 120 * share(1))
async def test_killed_at_each_point_between_two_steps_nothing_is_lost_or_counts_twice(stage: Stage) -> None:
    times = share(1)
    async with Feeder(stage.bootstrap, stage.topic, partitions=PARTITIONS, rate=1000, poison_every=17):
        for _ in range(times):
            for point in POINTS:
                worker = stage.crew.start(kill_at=point, kill_after=2)
                assert await worker.ended() == -signal.SIGKILL, worker.error
    last = stage.crew.start(batch_rows=2_000)  # what is left is a backlog, the longer the slower the machine
    await stage.caught_up()
    await last.stop()

    counts = await stage.count()
    assert counts.orphans > 0, "no attempt left rows without a range: the test did not test it"
    keep("recorder killed at each named point: " + ", ".join(POINTS), times * len(POINTS), counts)
