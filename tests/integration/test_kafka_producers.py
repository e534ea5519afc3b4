"""A producer ends in time whatever a real broker does, and whoever waits for its messages is told."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

from services.kafka_client import KafkaSettings
from services.kafka_producers import end_producer, heard
from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import create_topic
from tests.support.loop_errors import loop_errors

pytestmark = pytest.mark.asyncio
MEGABYTE = 1_000_000


@pytest.mark.parametrize("cancelled", [False, True], ids=["left alone", "cancelled meanwhile"])
async def test_behind_a_frozen_broker_that_takes_no_more_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, cancelled: bool
) -> None:
    with Broker(tmp_path / "kafka") as broker:
        await create_topic(broker.bootstrap, "t", partitions=10)
        before = asyncio.all_tasks()
        options = KafkaSettings(broker.bootstrap, request_timeout_ms=60_000).options()
        producer = AIOKafkaProducer(acks="all", enable_idempotence=True, max_request_size=2 * MEGABYTE, **options)
        await producer.start()
        await producer.send_and_wait("t", b"first")
        broker.freeze()
        sent = [await producer.send("t", os.urandom(MEGABYTE), partition=number) for number in range(10)]
        for one in sent:
            one.add_done_callback(heard)
        await asyncio.sleep(0.5)

        began = time.monotonic()
        ending = asyncio.create_task(end_producer(producer, 1.0))
        if cancelled:
            await asyncio.sleep(0.2)
            ending.cancel()
        await asyncio.wait([ending])
        assert time.monotonic() - began < 6
        assert ending.cancelled() == cancelled
        assert {type(one.exception()) for one in sent} == {ProducerClosed}
        assert not [task for task in asyncio.all_tasks() - before if task.get_name() != ending.get_name()]
        with pytest.raises(ProducerClosed):
            await producer.send("t", b"late")
    assert loop_errors(caplog) == []
