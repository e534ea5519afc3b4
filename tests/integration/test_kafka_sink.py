"""What follows from batches, told to a real Kafka: whole, in order, with few answers to wait for, and all or an error."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.errors import LogError
from services.kafka_client import KafkaSettings
from services.kafka_sink import BATCH_BYTES, KafkaSink, partition_of
from streams.outgoing import Kind, Outgoing
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import create_topic, read, set_topic
from tests.support.loop_errors import loop_errors
from tests.support.recorders import sink

pytestmark = pytest.mark.asyncio


def said(kind: Kind, sizes: list[int], *, keys: int = 16) -> Outgoing:
    """Return messages that zstd cannot make smaller, under a few keys in turn."""
    names = [b"key-%d" % (number % keys) for number in range(len(sizes))]
    values = [hashlib.shake_256(b"%d" % number).digest(size) for number, size in enumerate(sizes)]
    positions = [b"kafka:t|0|%d|0" % number for number in range(len(sizes))]
    return Outgoing(kind, names, values, positions)


async def told(bootstrap: str, topic: str) -> list[tuple[bytes, bytes, bytes]]:
    """Return key, value and position of what a topic has, partition by partition."""
    found = sorted(await read(bootstrap, topic), key=lambda one: (one.partition, one.offset))
    return [(one.key or b"", one.value or b"", dict(one.headers)["position"]) for one in found]


def expected(out: Outgoing, partitions: int) -> list[tuple[bytes, bytes, bytes]]:
    """Return the same of what was to be told: order is kept within a partition."""
    rows = zip(out.keys, out.values, out.positions, strict=True)
    return sorted(rows, key=lambda one: partition_of(one[0], partitions))


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return topic and partition of each batch that producers are given, as it comes."""
    seen: list[tuple[str, int]] = []
    send_batch = AIOKafkaProducer.send_batch

    async def spied(self: AIOKafkaProducer, batch: Any, topic: str, *, partition: int) -> Any:
        seen.append((topic, partition))
        return await send_batch(self, batch, topic, partition=partition)

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", spied)
    return seen


async def test_many_batches_of_two_kinds_arrive_whole_and_in_order_and_those_of_a_partition_take_turns(
    topics: Topics, handed_over: list[tuple[str, int]]
) -> None:
    out: dict[Kind, str] = {kind: await topics.create(kind, partitions=3) for kind in ("findings", "activity")}
    larger_than_a_batch = BATCH_BYTES + 100_000
    kinds = [said("findings", [40_000] * 60), said("activity", [larger_than_a_batch, *[30_000] * 100])]

    async with sink(topics.bootstrap, out) as kafka:
        await kafka.publish(kinds)

    for one in kinds:
        assert await told(topics.bootstrap, out[one.kind]) == expected(one, 3)
    turns = [handed_over[:index].count(one) for index, one in enumerate(handed_over)]
    assert max(turns) > 1  # of some partition there were three
    assert turns == sorted(turns)
    assert len(set(handed_over)) == 6


async def test_what_one_topic_refuses_for_good_is_an_error_and_all_is_told_once_it_takes_it(
    topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    out: dict[Kind, str] = {"activity": await topics.create("activity")}
    out["findings"] = await topics.create("findings", config={"max.message.bytes": "10000"})
    kinds = [said("findings", [50_000] * 30), said("activity", [50_000] * 30)]
    kafka = KafkaSink(KafkaSettings(topics.bootstrap), out)
    try:
        with pytest.raises(LogError, match="MessageSizeTooLargeError"):
            await kafka.publish(kinds)
        await set_topic(topics.bootstrap, out["findings"], {"max.message.bytes": "1000000"})
        await kafka.publish(kinds)
    finally:
        await kafka.stop()

    assert set(await told(topics.bootstrap, out["activity"])) == set(expected(kinds[1], 1))
    assert await told(topics.bootstrap, out["findings"]) == expected(kinds[0], 1)
    await asyncio.sleep(0)
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize("away", ["freeze", "kill"])
async def test_it_ends_in_time_while_the_broker_is_away_and_tells_all_once_it_is_back(
    tmp_path: Path, away: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.kafka_sink.STOP_SECONDS", 1.0)
    kinds = [said("findings", [1_000] * 100), said("activity", [1_000] * 100)]
    with Broker(tmp_path / "kafka") as broker:
        for topic in ("findings", "activity"):
            await create_topic(broker.bootstrap, topic, partitions=3)
        topics: dict[Kind, str] = {"findings": "findings", "activity": "activity"}
        kafka = KafkaSink(KafkaSettings(broker.bootstrap, request_timeout_ms=1000), topics)
        await kafka.publish([said("activity", [10])])

        getattr(broker, away)()
        telling = asyncio.create_task(kafka.publish(kinds))
        await asyncio.sleep(3)  # it has tried again by then
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        assert telling.cancelled()
        await asyncio.wait_for(kafka.stop(), 6)

        if away == "freeze":
            broker.thaw()
        else:
            broker.start()
        await kafka.publish(kinds)
        await kafka.stop()
        for one in kinds:
            assert set(await told(broker.bootstrap, topics[one.kind])) >= set(expected(one, 3))
    assert loop_errors(caplog) == []
