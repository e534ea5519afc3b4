"""Ending a producer with several brokers in flight, with a dead sender, and with others that wait for it.

The producer is aiokafka's own; only its way to the brokers is ours, since each has to fail at a moment of its own.
"""

# ruff: noqa: SLF001  (what is tested reaches into it as well)

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import NodeNotReadyError, ProducerClosed, UnknownTopicOrPartitionError
from aiokafka.structs import TopicPartition

from services.kafka_producers import end_producer, heard
from tests.support.loop_errors import loop_errors

pytestmark = pytest.mark.asyncio


async def started(send: Callable[[], Awaitable[object]]) -> Any:
    """Return a producer for which each partition is led by a broker of its own, which answers as `send` does."""
    producer: Any = AIOKafkaProducer(acks="all", enable_idempotence=True, request_timeout_ms=1000)
    producer._txn_manager.set_pid_and_epoch(1, 0)
    producer.client.cluster.leader_for_partition = lambda at: at.partition
    producer.client.send = lambda *_, **__: send()
    await producer._sender.start()
    return producer


async def put(producer: Any, partition: int) -> asyncio.Future[Any]:
    at = TopicPartition("t", partition)
    sent: asyncio.Future[Any] = await producer._message_accumulator.add_message(at, None, b"x", 1)
    sent.add_done_callback(heard)
    return sent


async def test_requests_to_several_brokers_that_fail_after_the_end_are_no_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = asyncio.Event()

    async def send() -> None:
        try:
            await answer.wait()
        finally:  # one that is cancelled is not told of it either, as may happen
            raise NodeNotReadyError

    producer = await started(send)
    sent = [await put(producer, number) for number in range(3)]
    await asyncio.sleep(0.05)
    await end_producer(producer, 0.1)
    assert {type(one.exception()) for one in sent} == {ProducerClosed}
    answer.set()
    await asyncio.sleep(0.3)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert loop_errors(caplog) == []


async def test_one_whose_sender_has_died_is_ended_too(caplog: pytest.LogCaptureFixture) -> None:
    async def send() -> None:
        await asyncio.sleep(0.05)
        raise ValueError("a defect")

    producer = await started(send)
    first = await put(producer, 0)
    await asyncio.sleep(0.01)
    second = await put(producer, 0)
    await asyncio.sleep(0.2)
    await end_producer(producer, 0.1)
    assert producer._closed
    assert first.done()
    assert second.done()
    assert not any("never retrieved" in one for one in loop_errors(caplog))


async def test_whoever_waits_for_room_or_for_news_of_the_cluster_is_told() -> None:
    async def never() -> None:
        await asyncio.sleep(100)

    producer = await started(never)
    producer.client._metadata_update = lambda *_: never()
    producer.client._sync_task = asyncio.create_task(producer.client._md_synchronizer())
    taken = await put(producer, 0)
    await asyncio.sleep(0.05)
    queued = await put(producer, 0)
    batch = producer.create_batch()
    batch.append(timestamp=None, key=b"k", value=b"v")
    batch.close()
    room = asyncio.create_task(producer._message_accumulator.add_batch(batch, TopicPartition("t", 0), 30))
    news = asyncio.create_task(producer.send("another", b"x"))
    await asyncio.sleep(0.05)
    await end_producer(producer, 0.1)
    done, _ = await asyncio.wait([room, news], timeout=5)
    assert done == {room, news}
    assert isinstance(taken.exception(), ProducerClosed)
    assert isinstance(queued.exception(), ProducerClosed)
    assert isinstance(room.exception(), ProducerClosed)
    assert isinstance(news.exception(), UnknownTopicOrPartitionError)
