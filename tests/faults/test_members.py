"""Several recorders share the partitions: they come and go under load, and dead ones come back to life."""

import asyncio
import random
import signal

import pytest

from tests.faults.conftest import PARTITIONS, Stage
from tests.faults.report import keep, share
from tests.faults.workload import Feeder

POINTS = ("read", "prepared", "rows", "acknowledged", "ranges")


@pytest.mark.asyncio
@pytest.mark.timeout(120 + 60 * share(8))
async def test_two_and_three_recorders_that_join_and_leave_under_load_share_the_work_without_loss_or_doubles(
    shared: Stage,
) -> None:
    chance = random.Random()  # noqa: S311  (the order is random, the outcome must not be)
    changes = share(8)
    alive = [shared.crew.start(), shared.crew.start()]
    async with Feeder(shared.bootstrap, shared.topic, partitions=PARTITIONS, rate=250, poison_every=17):
        for _ in range(changes):
            await asyncio.sleep(chance.uniform(0.5, 4))
            if len(alive) < 2 or (len(alive) < 3 and chance.random() < 0.5):
                alive.append(shared.crew.start())
            else:
                leaving = alive.pop(chance.randrange(len(alive)))
                if chance.random() < 0.5:
                    leaving.kill()
                else:
                    await leaving.stop()
    await shared.caught_up()
    for worker in alive:
        await worker.stop()

    keep("two and three recorders, joining, leaving and killed under load", changes, await shared.count())


@pytest.mark.asyncio
@pytest.mark.timeout(300 * share(1))
async def test_zombies_that_wake_up_in_the_middle_of_a_batch_while_another_owns_their_partitions_do_no_harm(
    shared: Stage,
) -> None:
    times = share(1)
    async with Feeder(shared.bootstrap, shared.topic, partitions=PARTITIONS, rate=100, poison_every=17):
        for point in POINTS * times:
            zombie = shared.crew.start(kill_at=point, kill_after=3, kill_by=signal.SIGSTOP)
            await zombie.frozen()
            # Batches of another size than the zombie's, and as fast as the feed on any machine.
            heir = shared.crew.start(batch_rows=370)
            await shared.caught_up()  # after the session time-out the heir has all partitions
            zombie.thaw()
            await asyncio.sleep(1)
            await shared.caught_up()
            await zombie.stop()
            await heir.stop()
    last = shared.crew.start(batch_rows=2_000)  # what is left is a backlog
    await shared.caught_up()
    await last.stop()

    counts = await shared.count()
    assert counts.overlaps > 0, "no zombie wrote a range that another had written: the test did not test it"
    keep(
        "recorder stopped (SIGSTOP) past its session, continued while another owns its partitions",
        len(POINTS) * times,
        counts,
    )
