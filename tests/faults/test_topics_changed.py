"""The topic under the recorder changes: it is made anew, truncated, grows; the clock goes back."""

import pytest

from tests.faults.conftest import PARTITIONS, Stage
from tests.faults.report import keep
from tests.faults.workload import Feeder, messages
from tests.support.kafka.topics import add_partitions, create_topic, delete_topics, send

pytestmark = pytest.mark.timeout(240)


@pytest.mark.asyncio
@pytest.mark.parametrize("length", [100, 300, 900], ids=["shorter", "as long", "longer"])
async def test_a_topic_that_was_made_anew_stops_it_and_nothing_of_the_new_one_counts(stage: Stage, length: int) -> None:
    await send(stage.bootstrap, stage.topic, messages(0, 300, partitions=PARTITIONS))
    first = stage.crew.start()
    await stage.caught_up()
    await first.stop()
    counts = await stage.count()

    await delete_topics(stage.bootstrap, stage.topic)
    await create_topic(stage.bootstrap, stage.topic, partitions=PARTITIONS)
    await send(stage.bootstrap, stage.topic, messages(5000, 5000 + length, partitions=PARTITIONS))
    second = stage.crew.start()
    assert await second.ended() == 1
    assert "made anew" in second.error
    assert f"{stage.source}|" in second.error

    # Under the name of its next generation the new topic is recorded beside the old one.
    third = stage.crew.start(topics=[f"{stage.topic}~2"])
    await stage.caught_up(f"{stage.source}~2")
    await third.stop()
    assert (await stage.count(f"{stage.source}~2", told=False)).messages == length
    assert await stage.recorded(stage.source) == counts.messages
    keep("topic deleted and made again: it stops and says so", 1, counts)


@pytest.mark.asyncio
async def test_partitions_that_are_added_under_load_are_recorded_from_their_beginning(stage: Stage) -> None:
    worker = stage.crew.start()
    async with Feeder(stage.bootstrap, stage.topic, partitions=PARTITIONS, rate=500) as feeder:
        await worker.says("recorded")
        await add_partitions(stage.bootstrap, stage.topic, total=PARTITIONS + 3)
        await send(stage.bootstrap, stage.topic, messages(10_000, 11_000, partitions=PARTITIONS + 3))
    await stage.caught_up()
    await worker.stop()

    counts = await stage.count()
    assert counts.messages == 1000 + len(feeder.acknowledged)
    keep("partitions added while it runs", 3, counts)


@pytest.mark.asyncio
async def test_a_clock_that_goes_back_changes_nothing_that_counts(stage: Stage) -> None:
    async with Feeder(stage.bootstrap, stage.topic, partitions=PARTITIONS, rate=500, poison_every=17):
        for hours in (0, 1, 48, 24 * 40):
            worker = stage.crew.start(clock_back=hours * 3600)
            await worker.says("recorded")
            worker.kill()
    last = stage.crew.start(clock_back=24 * 40 * 3600, batch_rows=2_000)
    await stage.caught_up()
    await last.stop()
    keep("clock set back by an hour, two days, forty days", 3, await stage.count())
