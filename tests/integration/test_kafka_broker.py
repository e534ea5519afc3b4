"""What the recorder builds on holds for the real Apache Kafka that tests run, and so do the helpers that start it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import (
    Message,
    add_partitions,
    committed,
    create_topic,
    delete_topics,
    ends,
    producer,
    read,
    send,
    send_by,
    settled,
)

COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "1",  # every later message closes the segment before it
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
}


def _offsets(messages: list[ConsumerRecord[bytes | None, bytes | None]]) -> list[int]:
    return [one.offset for one in messages]


def _values(messages: list[ConsumerRecord[bytes | None, bytes | None]]) -> list[bytes | None]:
    return [one.value for one in messages]


@pytest.mark.asyncio
async def test_what_is_sent_is_read_by_partition_in_order(topics: Topics) -> None:
    topic = await topics.create("sent", partitions=3)
    messages = [Message(b"%d" % i, key=b"k", partition=i % 3, headers=(("n", b"1"),)) for i in range(60)]

    positions = await send(topics.bootstrap, topic, messages)
    found = await read(topics.bootstrap, topic)

    assert positions == [(i % 3, i // 3) for i in range(60)]
    assert [(one.partition, one.offset) for one in found] == sorted(positions)
    assert _values(found) == [b"%d" % i for i in sorted(range(60), key=lambda i: (i % 3, i))]
    assert {(one.key, one.headers) for one in found} == {(b"k", (("n", b"1"),))}
    assert await ends(topics.bootstrap, topic) == {0: 20, 1: 20, 2: 20}


@pytest.mark.asyncio
async def test_an_empty_value_and_a_tombstone_are_told_apart(topics: Topics) -> None:
    topic = await topics.create("empty")
    await send(topics.bootstrap, topic, [Message(b"", key=b"k"), Message(None, key=b"k")])
    assert _values(await read(topics.bootstrap, topic)) == [b"", None]


@pytest.mark.asyncio
async def test_messages_larger_than_a_topic_takes_are_refused_to_their_sender(topics: Topics) -> None:
    topic = await topics.create("small", config={"max.message.bytes": "1000"})
    with pytest.raises(KafkaError, match="MessageSizeTooLarge"):
        await send(topics.bootstrap, topic, [os.urandom(2000)])
    assert await ends(topics.bootstrap, topic) == {0: 0}


@pytest.mark.asyncio
async def test_a_topic_that_nobody_made_is_an_error(topics: Topics) -> None:
    topic = topics.name("absent")
    with pytest.raises(UnknownTopicOrPartitionError):
        await delete_topics(topics.bootstrap, topic)


@pytest.mark.asyncio
async def test_partitions_can_be_added(topics: Topics) -> None:
    topic = await topics.create("grows")
    await add_partitions(topics.bootstrap, topic, total=3)
    await send(topics.bootstrap, topic, [Message(b"new", partition=2)])
    assert await ends(topics.bootstrap, topic) == {0: 0, 1: 0, 2: 1}


@pytest.mark.asyncio
async def test_a_topic_made_again_begins_at_offset_0_with_other_content(topics: Topics) -> None:
    topic = await topics.create("again")
    await send(topics.bootstrap, topic, [b"old"] * 5)
    await delete_topics(topics.bootstrap, topic)
    await create_topic(topics.bootstrap, topic)
    await send(topics.bootstrap, topic, [b"new"])

    found = await read(topics.bootstrap, topic)

    assert (_offsets(found), _values(found)) == ([0], [b"new"])


@pytest.mark.asyncio
async def test_markers_and_aborted_messages_of_transactions_leave_gaps_in_the_offsets(topics: Topics) -> None:
    topic = await topics.create("transactions")
    async with producer(topics.bootstrap, transactional_id=topics.name("writer")) as kafka:
        async with kafka.transaction():
            await send_by(kafka, topic, [b"0", b"1"])
        await kafka.begin_transaction()
        await send_by(kafka, topic, [b"aborted", b"aborted"])
        await kafka.abort_transaction()
        async with kafka.transaction():
            await send_by(kafka, topic, [b"6"])
    await settled(topics.bootstrap, topic, {0: 8})

    found = await read(topics.bootstrap, topic)

    assert _values(found) == [b"0", b"1", b"6"]
    assert _offsets(found) == [0, 1, 6]  # 2: commit marker, 3 and 4: aborted, 5: abort marker, 7: commit marker


@pytest.mark.asyncio
async def test_messages_of_an_open_transaction_and_all_after_them_wait(topics: Topics) -> None:
    topic = await topics.create("open")
    async with producer(topics.bootstrap, transactional_id=topics.name("writer")) as kafka:
        await kafka.begin_transaction()
        await send_by(kafka, topic, [b"undecided"])
        await send(topics.bootstrap, topic, [b"after"])
        assert _values(await read(topics.bootstrap, topic)) == []
        await kafka.commit_transaction()
    await settled(topics.bootstrap, topic, {0: 3})
    assert _values(await read(topics.bootstrap, topic)) == [b"undecided", b"after"]


@pytest.mark.asyncio
async def test_compaction_keeps_the_offsets_of_the_messages_that_stay(topics: Topics) -> None:
    topic = await topics.create("compacted", config=COMPACTED)
    start = int(time.time() * 1000) - 60_000
    messages = [Message(b"%d" % i, key=b"key-%d" % (i % 3), timestamp_ms=start + 100 * i) for i in range(30)]
    for message in messages:  # one by one, so that each is a batch of its own, which may close a segment
        await send(topics.bootstrap, topic, [message])

    found = await read(topics.bootstrap, topic)
    async with asyncio.timeout(60):
        while len(found) > 4:
            found = await read(topics.bootstrap, topic)

    # Of each key the newest of all closed segments, and what is in the open one.
    assert _offsets(found) == [26, 27, 28, 29]
    assert _values(found) == [b"26", b"27", b"28", b"29"]
    assert await ends(topics.bootstrap, topic) == {0: 30}


@pytest.mark.asyncio
async def test_messages_and_committed_offsets_outlive_a_restart_and_a_kill(broker: Broker) -> None:
    await create_topic(broker.bootstrap, "events")
    await send(broker.bootstrap, "events", [b"%d" % i for i in range(100)])
    await _commit(broker, 40)

    broker.restart()
    assert len(await read(broker.bootstrap, "events")) == 100
    assert await committed(broker.bootstrap, "group", "events") == {0: 40}

    await send(broker.bootstrap, "events", [b"100"])
    await _commit(broker, 101)
    broker.kill()
    broker.start()
    assert _offsets(await read(broker.bootstrap, "events")) == list(range(101))
    assert await committed(broker.bootstrap, "group", "events") == {0: 101}


@pytest.mark.asyncio
async def test_a_frozen_broker_answers_nothing_and_goes_on_where_it_was(broker: Broker) -> None:
    await create_topic(broker.bootstrap, "events")
    async with producer(broker.bootstrap) as kafka:
        await send_by(kafka, "events", [b"before"])
        broker.freeze()
        sending = asyncio.create_task(send_by(kafka, "events", [b"while"]))
        done, _ = await asyncio.wait([sending], timeout=1)
        assert not done
        broker.thaw()
        assert await sending == [(0, 1)]


async def _commit(broker: Broker, offset: int) -> None:
    """Commit an offset of partition 0 of ``events`` as a group that is assigned by hand."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, group_id="group", enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition("events", 0)
        consumer.assign([partition])
        await consumer.commit({partition: offset})
    finally:
        await consumer.stop()


def test_a_broker_does_not_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.support.kafka.broker import Broker\n"
        "print(Broker(Path(sys.argv[1])).start().pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        command_line = Path("/proc", owner.stdout.readline().strip(), "cmdline")
        assert b"kafka.Kafka" in command_line.read_bytes()
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while command_line.exists() and command_line.read_bytes():  # that of a zombie is empty
        assert time.monotonic() < deadline
        time.sleep(0.1)
