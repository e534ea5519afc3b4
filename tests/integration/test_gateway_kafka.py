"""The gateway over a real broker: 202 means that the broker has it; a broker that is away means come again."""

import asyncio
import base64
import json
import os
from pathlib import Path

import pytest

from schemas.events import MAX_MESSAGE_BYTES
from services.gateway_kafka import KafkaIntake
from services.gateway_sink import Message, Position, SinkError, TooLargeError
from services.topics import EVENTS, TOPICS
from tests.support.gateways import BATCH, events, running
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import create_topic, delete_topics, read

pytestmark = pytest.mark.asyncio
PENDING = 1 << 20


def sink(bootstrap: str, pending_bytes: int = PENDING, **more: object) -> KafkaIntake:
    return KafkaIntake({"bootstrap_servers": bootstrap, **more}, pending_bytes)


async def test_messages_are_in_the_broker_with_key_and_producer_once_append_returns(topics: Topics) -> None:
    topic = await topics.create("gateway", partitions=3)
    kafka = sink(topics.bootstrap)
    await kafka.start()
    sent = [Message(topic, b"//crm\n%d" % (number % 5), b"%d" % number, "crm") for number in range(50)]
    positions = await kafka.append(sent)

    kept = {Position(one.topic, one.partition, one.offset): one for one in await read(topics.bootstrap, topic)}
    assert [(kept[at].key, kept[at].value) for at in positions] == [(one.key, one.value) for one in sent]
    assert {one.headers for one in kept.values()} == {(("producer", b"crm"),)}
    assert kafka.problem() == ""
    by_key = {one.key: {at.partition for at, other in kept.items() if other.key == one.key} for one in sent}
    assert all(len(partitions) == 1 for partitions in by_key.values()), "one event always lands in one partition"
    await kafka.close()


async def test_a_topic_that_is_not_there_is_told(topics: Topics) -> None:
    kafka = sink(topics.bootstrap, request_timeout_ms=1000)
    await kafka.start()
    with pytest.raises(SinkError, match="does not acknowledge: UnknownTopicOrPartitionError"):
        await kafka.append([Message(topics.name("nowhere"), b"k", b"v", "crm")])
    assert kafka.problem()
    await kafka.close()


async def test_after_a_message_that_the_broker_refuses_the_next_are_taken(topics: Topics) -> None:
    topic = await topics.create("small", config={"max.message.bytes": "2000"})
    kafka = sink(topics.bootstrap)
    await kafka.start()
    first = await kafka.append([Message(topic, b"k", b"1", "crm")])
    noise = os.urandom(10_000)  # does not compress
    with pytest.raises(TooLargeError, match="no message of this size") as refused:
        await kafka.append([Message(topic, b"k", noise, "crm")])
    assert refused.value.index == 0
    async with asyncio.timeout(30):
        while kafka.problem():  # noqa: ASYNC110  (it takes a new producer)
            await asyncio.sleep(0.05)
    second = await kafka.append([Message(topic, b"k", b"2", "crm")])

    assert [first[0].offset, second[0].offset] == [0, 1]
    await kafka.close()


LARGEST = events(1)[0] | {"noise": ""}
LARGEST["noise"] = base64.b64encode(os.urandom(MAX_MESSAGE_BYTES))[
    : MAX_MESSAGE_BYTES - len(json.dumps(LARGEST))
].decode()


async def test_the_largest_event_is_taken_by_a_topic_as_designed_though_it_does_not_compress(
    tmp_path: Path, broker: Broker
) -> None:
    (designed,) = (one for one in TOPICS if one.name == EVENTS)
    await create_topic(broker.bootstrap, EVENTS, config=designed.settings)
    async with running(tmp_path, sink(broker.bootstrap, 4 << 20)) as gateway:
        assert (await gateway.post(LARGEST)).status_code == 202
    (kept,) = await read(broker.bootstrap, EVENTS)
    assert len(kept.value or b"") == MAX_MESSAGE_BYTES


async def test_an_event_that_a_topic_never_takes_is_told_so_and_others_are_taken(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    await create_topic(broker.bootstrap, EVENTS)
    async with running(tmp_path, sink(broker.bootstrap, 4 << 20)) as gateway:
        answer = await gateway.post([*events(2)[1:], LARGEST], BATCH)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert "retry-after" not in answer.headers
        assert (answer.json()["type"], answer.json()["errors"]) == (
            "urn:ashiato:problem:too-large",
            [{"event": 1, "reason": "message-too-large", "detail": "Kafka takes no message of this size"}],
        )
        assert "raise max.message.bytes of audit.events" in caplog.text
        async with asyncio.timeout(30):
            while (await gateway.post(events(1), BATCH)).status_code == 503:  # noqa: ASYNC110  (it takes a new producer)
                await asyncio.sleep(0.05)
        assert (await gateway.post(events(1)[0])).status_code == 202


async def test_events_through_the_gateway_over_a_broker_that_restarts(tmp_path: Path, broker: Broker) -> None:
    await create_topic(broker.bootstrap, EVENTS, partitions=2)
    kafka = sink(broker.bootstrap)
    async with running(tmp_path, kafka, append_seconds=1) as gateway:
        assert (await gateway.post(events(20), BATCH)).status_code == 202
        await asyncio.to_thread(broker.kill)
        answer = await gateway.post([one | {"id": "lost?"} for one in events(1)], BATCH)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        await asyncio.to_thread(broker.start)
        async with asyncio.timeout(60):
            while (await gateway.post([one | {"id": "after"} for one in events(1)], BATCH)).is_error:  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    kept = [json.loads(one.value or b"")["id"] for one in await read(broker.bootstrap, EVENTS)]
    assert sorted(one for one in kept if one not in {"lost?", "after"}) == sorted(one["id"] for one in events(20))
    assert "after" in kept


async def test_while_the_broker_stands_still_no_more_waits_than_the_limit(tmp_path: Path, broker: Broker) -> None:
    await create_topic(broker.bootstrap, EVENTS)
    kafka = sink(broker.bootstrap, pending_bytes=10_000)
    async with running(tmp_path, kafka, append_seconds=0.3) as gateway:
        assert (await gateway.post(events(1)[0])).status_code == 202
        broker.freeze()
        answers = [await gateway.post(events(10, purpose="x" * 300), BATCH) for _ in range(8)]
        assert {one.status_code for one in answers} == {503}
        assert kafka.pending_bytes <= 10_000
        assert [one.json()["detail"] for one in answers][-1] == "Kafka is behind"
        broker.thaw()
        async with asyncio.timeout(60):
            while kafka.pending_bytes:  # noqa: ASYNC110  (the broker tells nobody)
                await asyncio.sleep(0.05)
        assert (await gateway.post(events(1)[0])).status_code == 202


async def test_a_topic_that_is_made_anew_is_written_again(broker: Broker) -> None:
    await create_topic(broker.bootstrap, EVENTS)
    kafka = sink(broker.bootstrap)
    await kafka.start()
    for number in range(3):
        await kafka.append([Message(EVENTS, b"k", b"%d" % number, "crm")])
    await delete_topics(broker.bootstrap, EVENTS)
    await create_topic(broker.bootstrap, EVENTS)
    async with asyncio.timeout(60):
        while True:
            try:
                await asyncio.wait_for(kafka.append([Message(EVENTS, b"k", b"again", "crm")]), 5)
                break
            except (SinkError, TimeoutError):
                await asyncio.sleep(0.1)

    assert b"again" in [one.value for one in await read(broker.bootstrap, EVENTS)]
    await kafka.close()


async def test_it_starts_without_a_broker_and_connects_when_there_is_one(tmp_path: Path) -> None:
    mine = Broker(tmp_path / "kafka")
    kafka = sink(mine.bootstrap)
    await kafka.start()
    assert kafka.problem() == "there is no connection to Kafka"
    with pytest.raises(SinkError, match="no connection"):
        await kafka.append([Message(EVENTS, b"k", b"v", "crm")])
    await asyncio.to_thread(mine.start)
    try:
        await create_topic(mine.bootstrap, EVENTS)
        async with asyncio.timeout(60):
            while kafka.problem():  # noqa: ASYNC110  (it tries again by itself)
                await asyncio.sleep(0.1)
        assert (await kafka.append([Message(EVENTS, b"k", b"v", "crm")]))[0].offset == 0
    finally:
        await kafka.close()
        await asyncio.to_thread(mine.remove)
