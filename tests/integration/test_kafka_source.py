"""How the topics of a recorder are read from a real broker: partitions with nothing left rest while others are behind."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer

from services.kafka_source import LOOK_SECONDS, ConsumerSettings, KafkaLog
from services.log import Partition
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import send
from tests.support.recorders import PATIENCE, QUICK, kafka_log, messages, until

pytestmark = pytest.mark.asyncio

SETTINGS = dataclasses.replace(QUICK, rest_above=100, fetch_bytes=1)
"""So little is fetched at once that partitions take turns: what is fetched is handed out before what comes later."""


class Owner:
    """Goes on from the beginning of whatever it is assigned."""

    def __init__(self) -> None:
        self.log: KafkaLog | None = None
        self.partitions: list[Partition] = []

    def assigned(self, partitions: Collection[Partition]) -> None:
        assert self.log is not None
        self.partitions = sorted(partitions)
        for one in self.partitions:
            self.log.go_on(one, 0)

    async def revoked(self) -> None:
        self.partitions = []


@asynccontextmanager
async def reading(
    bootstrap: str, *names: str, settings: ConsumerSettings = SETTINGS
) -> AsyncIterator[tuple[KafkaLog, Owner]]:
    """Lend a log that is read from its beginning."""
    owner = Owner()
    owner.log = log = kafka_log(bootstrap, *names, group=names[0], settings=settings)
    await log.start(owner)
    try:
        async with asyncio.timeout(PATIENCE):
            await until(lambda: bool(owner.partitions))
            yield log, owner
    finally:
        await log.stop()


async def test_what_comes_into_a_resting_partition_is_read_while_others_are_still_behind(topics: Topics) -> None:
    busy, idle = await topics.create("busy", partitions=2), await topics.create("idle")
    await send(topics.bootstrap, busy, messages(range(3_000)))
    async with reading(topics.bootstrap, busy, idle) as (log, owner):
        seen = {f"kafka:{busy}": 0, f"kafka:{idle}": 0}

        async def read_some() -> None:
            for partition, run in (await log.poll(owner.partitions, seconds=0.05, rows=10)).items():
                seen[partition.source] += len(run)
            await asyncio.sleep(0.02)

        while not log.resting:
            await read_some()
        assert {one.source for one in log.resting} == {f"kafka:{idle}"}

        await send(topics.bootstrap, idle, messages(range(5)))
        while seen[f"kafka:{idle}"] < 5:
            await read_some()
        assert seen[f"kafka:{busy}"] < 2_900, "the others were still behind"

        while seen[f"kafka:{busy}"] < 3_000:
            await asyncio.sleep(0)
            for partition, run in (await log.poll(owner.partitions, seconds=0.05, rows=500)).items():
                seen[partition.source] += len(run)
        while log.resting:
            await read_some()
        assert seen == {f"kafka:{busy}": 3_000, f"kafka:{idle}": 5}


async def test_nobody_rests_when_little_is_left(topics: Topics) -> None:
    busy, idle = await topics.create("busy"), await topics.create("idle")
    await send(topics.bootstrap, busy, messages(range(100)))
    async with reading(topics.bootstrap, busy, idle) as (log, _):
        await asyncio.sleep(2.5 * LOOK_SECONDS)
        assert not log.resting


async def test_nobody_rests_while_it_is_not_known_where_partitions_end(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, idle = await topics.create("busy"), await topics.create("idle")
    await send(topics.bootstrap, busy, messages(range(500)))
    async with reading(topics.bootstrap, busy, idle) as (log, owner):
        await until(lambda: bool(log.resting))

        async def never(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr("services.kafka_source.ANSWER_SECONDS", 0.1)
        monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", never)
        await until(lambda: not log.resting)
        await send(topics.bootstrap, idle, messages(range(5)))
        found = 0
        while found < 5:
            polled = await log.poll(owner.partitions, seconds=0.05, rows=10)
            found += sum(len(run) for one, run in polled.items() if one.source == f"kafka:{idle}")


async def test_an_error_while_looking_is_an_error_of_reading(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = await topics.create("events")
    async with reading(topics.bootstrap, topic) as (log, owner):

        async def broken(*_: object) -> None:
            raise RuntimeError("not foreseen")

        monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", broken)

        async def read() -> None:
            while True:
                await log.poll(owner.partitions, seconds=0.05, rows=10)

        with pytest.raises(RuntimeError, match="not foreseen"):
            await read()


async def test_after_partitions_moved_nobody_rests_before_it_is_known_again(topics: Topics) -> None:
    busy, idle = await topics.create("busy", partitions=2), await topics.create("idle", partitions=2)
    await send(topics.bootstrap, busy, messages(range(2_000)))
    async with reading(topics.bootstrap, busy, idle) as (one, first):
        await until(lambda: bool(one.resting))
        second = Owner()
        second.log = other = kafka_log(topics.bootstrap, busy, idle, group=busy, settings=SETTINGS)
        await other.start(second)
        try:
            while len(first.partitions) != 2 or len(second.partitions) != 2:
                await asyncio.sleep(0.01)
                assert set(one.resting) <= {*first.partitions}
            assert not {*first.partitions} & {*second.partitions}
            await send(topics.bootstrap, idle, messages(range(200)))
            sums = dict.fromkeys((*first.partitions, *second.partitions), 0)
            while sum(n for p, n in sums.items() if p.source == f"kafka:{idle}") < 200:
                for log, owner in ((one, first), (other, second)):
                    for partition, run in (await log.poll(owner.partitions, seconds=0.05, rows=20)).items():
                        sums[partition] += len(run)
        finally:
            await other.stop()
