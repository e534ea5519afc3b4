"""What tests do with topics, in one call each. All of it through aiokafka, on whatever broker is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, for_code

SETTLE_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send. ``partition`` None: by key, else anywhere; ``timestamp_ms`` None: now."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


async def create_topic(
    bootstrap: str, name: str, *, partitions: int = 1, config: Mapping[str, str] | None = None
) -> None:
    """Make a topic; it can be written and read when this returns."""
    async with _admin(bootstrap) as admin:
        _check(await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=dict(config or {}))]))
        await _settle(admin, name, partitions)


async def add_partitions(bootstrap: str, name: str, *, total: int) -> None:
    """Bring a topic to a number of partitions."""
    async with _admin(bootstrap) as admin:
        _check(await admin.create_partitions({name: NewPartitions(total)}))
        await _settle(admin, name, total)


async def set_topic(bootstrap: str, name: str, config: Mapping[str, str]) -> None:
    """Give a topic these settings, and no others."""
    async with _admin(bootstrap) as admin:
        answers = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(config))])
    assert not any(error for answer in answers for error, *_ in answer.resources)


async def delete_topics(bootstrap: str, *names: str) -> None:
    """Remove topics; their names are free when this returns."""
    async with _admin(bootstrap) as admin:
        _check(await admin.delete_topics(list(names)))
        for name in names:
            await _settle(admin, name, 0)


async def send(bootstrap: str, topic: str, messages: Iterable[Message | bytes]) -> list[tuple[int, int]]:
    """Send messages, in order; return partition and offset of each once the broker has them all."""
    async with producer(bootstrap) as kafka:
        return await send_by(kafka, topic, messages)


async def send_by(kafka: AIOKafkaProducer, topic: str, messages: Iterable[Message | bytes]) -> list[tuple[int, int]]:
    """Send messages by a producer that is there, for example within its transaction."""
    sent = []
    for one in messages:
        message = one if isinstance(one, Message) else Message(one)
        sent.append(
            await kafka.send(
                topic, message.value, message.key, message.partition, message.timestamp_ms, list(message.headers)
            )
        )
    done = await asyncio.gather(*sent)
    return [(one.partition, one.offset) for one in done]


async def ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Return the next offset of each partition, markers and aborted messages counted."""
    async with _reader(bootstrap, topic) as consumer:
        return await _ends(consumer)


async def settled(bootstrap: str, topic: str, goals: Mapping[int, int]) -> None:
    """Wait until all that was committed or aborted can be read, up to the next offsets ``goals`` by partition.

    A broker answers the end of a transaction as soon as it is decided, and writes its markers after that.
    """
    async with _reader(bootstrap, topic) as consumer, asyncio.timeout(SETTLE_SECONDS):
        while await _ends(consumer) != goals:  # noqa: ASYNC110  (the broker tells nobody)
            await asyncio.sleep(0.02)


async def read(bootstrap: str, topic: str) -> list[ConsumerRecord[bytes | None, bytes | None]]:
    """Return every committed message that is in a topic now, by partition and offset."""
    async with _reader(bootstrap, topic) as consumer:
        assigned = consumer.assignment()
        goals = await consumer.end_offsets(assigned)
        await consumer.seek_to_beginning(*assigned)
        found = []
        for partition in sorted(assigned):
            while await consumer.position(partition) < goals[partition]:
                found += (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
        return found


async def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Return the offsets that a group has committed for a topic."""
    async with _reader(bootstrap, topic, group_id=group) as consumer:
        found = {one.partition: await consumer.committed(one) for one in consumer.assignment()}
        return {partition: offset for partition, offset in sorted(found.items()) if offset is not None}


@asynccontextmanager
async def producer(bootstrap: str, **settings: Any) -> AsyncIterator[AIOKafkaProducer]:
    """Lend a started producer that waits for all acknowledgements."""
    kafka = AIOKafkaProducer(bootstrap_servers=bootstrap, **({"acks": "all", "linger_ms": 5} | settings))
    await kafka.start()
    try:
        yield kafka
    except BaseException:
        # It would wait for a broker that may be away, and hide what went wrong.
        await asyncio.wait({asyncio.ensure_future(kafka.stop())}, timeout=STOP_SECONDS)
        raise
    await kafka.stop()


@asynccontextmanager
async def _reader(bootstrap: str, topic: str, *, group_id: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """Lend a consumer that has all partitions of a topic, without being a member of the group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group_id,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        async with _admin(bootstrap) as admin:
            partitions = await _partitions(admin, topic)
        consumer.assign([TopicPartition(topic, number) for number in partitions])
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _ends(consumer: AIOKafkaConsumer) -> dict[int, int]:
    found = await consumer.end_offsets(consumer.assignment())
    return {partition.partition: offset for partition, offset in found.items()}


async def _partitions(admin: AIOKafkaAdminClient, name: str) -> list[int]:
    """Return the partitions of a topic that have a leader; none if there is no such topic.

    A broker that was stopped or frozen until its controller gave it up answers before it is let in again, and for so
    long it names no broker at all, itself included: that is waited for.
    """
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            with suppress(KafkaConnectionError, NodeNotReadyError):
                (topic,) = await admin.describe_topics([name])
                return [one["partition"] for one in topic["partitions"] if one["error_code"] == 0]
            await asyncio.sleep(0.1)


async def _settle(admin: AIOKafkaAdminClient, name: str, partitions: int) -> None:
    """Wait until the broker shows what its controller has decided."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while len(await _partitions(admin, name)) != partitions:  # noqa: ASYNC110  (the broker tells nobody)
            await asyncio.sleep(0.02)


def _check(response: Any) -> None:
    """Raise the error that a topic was answered with: the admin client leaves that to its caller."""
    body = response.to_object()
    for one in body.get("topic_errors") or body.get("topic_error_codes") or []:
        if one["error_code"]:
            raise for_code(one["error_code"])(f"{one['topic']}: {one.get('error_message')}")
