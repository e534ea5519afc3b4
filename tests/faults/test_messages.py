"""Messages that are hard to take: poison among good ones, nothing but poison, too large, empty, gone, undecided."""

import os
import random
import time

import pytest

from tests.faults.conftest import Stage
from tests.faults.report import keep
from tests.faults.workload import OVERSIZE, POISON, good, messages
from tests.support.kafka.topics import Message, ends, producer, read, send, send_by

COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "1",  # every later message closes the segment before it
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
}
pytestmark = pytest.mark.timeout(240)


@pytest.mark.asyncio
async def test_every_kind_of_poison_among_good_messages_costs_itself_only(stage: Stage) -> None:
    large = Message(good(1).ljust(OVERSIZE), key=b"large")
    noise = [Message(os.urandom(size), key=b"noise") for size in (1, 100, 10_000)]
    log = [*messages(0, 3000, partitions=3, poison_every=3), large, *noise]
    random.Random(7).shuffle(log)  # noqa: S311  (the same order every time)
    async with producer(stage.bootstrap, max_request_size=2 * OVERSIZE) as kafka:
        await send_by(kafka, stage.topic, log)
    worker = stage.crew.start(batch_rows=200)
    await stage.caught_up()
    await worker.stop()

    counts = await stage.count()
    assert (counts.messages, counts.events, counts.dead_letters) == (3004, 2000, 1004)
    keep("poison among good messages: cut, foreign, empty, tombstone, over the limit, noise", 1004, counts)


@pytest.mark.asyncio
async def test_nothing_but_poison_stops_it_with_a_reason_and_what_it_read_is_recorded(stage: Stage) -> None:
    await send(stage.bootstrap, stage.topic, [Message(POISON[n % len(POISON)], b"k", partition=0) for n in range(2000)])
    worker = stage.crew.start(limits={"dead_letter_stop_messages": 500})

    assert await worker.ended() == 1
    assert "too much cannot be read" in worker.error
    assert "500 of the last 500 messages became dead letters" in worker.error
    assert "make " not in worker.error  # what is to be done is said, but nothing of the messages
    recorded = stage.crew.next_offsets()[stage.source, 0]
    assert 500 <= recorded < 2000

    # It stops again, and again behind what it has recorded: nobody repairs poison by starting once more.
    again = stage.crew.start(limits={"dead_letter_stop_messages": 500})
    assert await again.ended() == 1
    assert stage.crew.next_offsets()[stage.source, 0] > recorded

    # An operator who knows better says so.
    last = stage.crew.start(limits={"dead_letter_stop_ratio": 2.0})
    await stage.caught_up()
    await last.stop()
    keep("nothing but poison: it stops and says so", 2, await stage.count())


@pytest.mark.asyncio
async def test_markers_and_aborted_transactions_are_covered_by_ranges_and_nothing_of_them_is_evidence(
    stage: Stage,
) -> None:
    total = 0
    async with producer(stage.bootstrap, transactional_id=stage.topic) as kafka:
        for number in range(30):
            aborted = number % 3 == 1
            await kafka.begin_transaction()
            part = list(messages(number * 20, number * 20 + 20, partitions=3))
            await send_by(kafka, stage.topic, part)
            await (kafka.abort_transaction() if aborted else kafka.commit_transaction())
            total += 0 if aborted else len(part)
    worker = stage.crew.start(batch_rows=50)
    await stage.caught_up()
    await worker.stop()

    counts = await stage.count()
    assert counts.messages == total
    assert sum((await ends(stage.bootstrap, stage.topic)).values()) > total + 200  # the gaps are there
    keep("transaction markers and aborted messages (offset gaps)", 10, counts)


@pytest.mark.asyncio
async def test_a_compacted_topic_leaves_no_gap_in_the_ranges(stage: Stage) -> None:
    await stage.configure(COMPACTED)
    begin = int(time.time() * 1000) - 3_600_000
    for number in range(60):
        message = Message(good(number), key=b"%d" % (number % 5), partition=0, timestamp_ms=begin + number * 1000)
        await send(stage.bootstrap, stage.topic, [message])
    await stage.until_fewer(stage.topic, 7)  # the newest of each key, and the segment that is still open
    gone = 60 - len(await read(stage.bootstrap, stage.topic))

    worker = stage.crew.start(batch_rows=3)
    await stage.caught_up()
    await worker.stop()
    counts = await stage.count()
    assert counts.messages == 60 - gone
    assert gone == 54
    keep("compacted topic (offset gaps)", gone, counts)


@pytest.mark.asyncio
async def test_it_goes_on_behind_a_recorded_message_that_was_compacted_away(stage: Stage) -> None:
    """The message that resuming reads again may be gone: on a compacted topic that is no sign of another topic."""
    await stage.configure(COMPACTED)
    begin = int(time.time() * 1000) - 3_600_000
    await send(stage.bootstrap, stage.topic, [Message(good(0), b"k", 0, begin)])
    first = stage.crew.start()
    await stage.caught_up()
    await first.stop()
    for number in range(1, 10):
        await send(stage.bootstrap, stage.topic, [Message(good(number), b"k", 0, begin + number * 1000)])
    await stage.until_fewer(stage.topic, 3)

    second = stage.crew.start()
    await stage.caught_up()
    await second.stop()
    assert stage.crew.next_offsets()[stage.source, 0] == 10
