"""The broker goes away under load and comes back: stopped in order, killed, frozen for longer than its clients wait."""

import asyncio

import pytest

from tests.faults.conftest import PARTITIONS, Stage
from tests.faults.report import keep, share
from tests.faults.workload import Feeder
from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import read

FROZEN_SECONDS = 12
"""Longer than the recorder's request time-out and its session."""


@pytest.mark.asyncio
@pytest.mark.timeout(300 * share(1))
async def test_a_broker_that_is_restarted_killed_and_frozen_under_load_costs_nothing(
    fragile: Stage, broker: Broker
) -> None:
    worker = fragile.crew.start()
    times = share(1)
    async with Feeder(fragile.bootstrap, fragile.topic, partitions=PARTITIONS, rate=300, poison_every=17) as feeder:
        for _ in range(times):
            await worker.says("recorded")
            await asyncio.to_thread(broker.restart)
            await asyncio.sleep(2)
            await asyncio.to_thread(broker.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(broker.start)
            await asyncio.sleep(2)
            broker.freeze()
            await asyncio.sleep(FROZEN_SECONDS)
            broker.thaw()
    await fragile.caught_up()
    assert worker.exit_code is None
    await worker.stop()

    counts = await fragile.count()
    log = await read(fragile.bootstrap, fragile.topic)
    assert {(one.partition, one.offset): one.value for one in log} == feeder.acknowledged
    keep("broker restarted, killed (kill -9), frozen for 12 s, under load", 3 * times, counts)


@pytest.mark.asyncio
@pytest.mark.timeout(300)
async def test_recorders_that_are_killed_while_the_broker_is_away_go_on_behind_their_evidence(
    fragile: Stage, broker: Broker
) -> None:
    async with Feeder(fragile.bootstrap, fragile.topic, partitions=PARTITIONS, rate=300, poison_every=17):
        first = fragile.crew.start()
        await first.says("recorded")
        await asyncio.to_thread(broker.kill)
        first.kill()
        second = fragile.crew.start()
        await second.says("retried")  # with no broker there is nothing to begin with: it says so, and waits
        await second.stop()
        third = fragile.crew.start(batch_rows=2_000)  # what is left is a backlog
        await third.says("retried")
        await asyncio.to_thread(broker.start)
        await third.says("recorded")
    await fragile.caught_up()
    await third.stop()
    keep("recorder killed while the broker is away", 1, await fragile.count())
