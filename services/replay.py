"""Replay: where dead letters go when they are played again, as new messages at new positions.

Those of a topic go to that topic, so that every recorder treats them as it treats all else. Those of files go straight
into the store, under the source ``replay:<source>``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from schemas.errors import LogAwayError, Place
from services.dead_letters import Letter, form_of
from services.kafka_client import KafkaSettings, end_producer, heard, told
from services.log import Partition
from services.recording import range_of
from services.resuming import last_range
from services.store import Store
from services.topics import INPUT_BYTES, topic_of
from streams.batch import RawBatch
from streams.pipeline import Context, run

SCHEME: Final = "replay:"
HEADER: Final = "replay-of"
"""Name of the header that says which position a message is played again from."""
_WHAT: Final = "dead letters cannot be played again"


TIMES: Final = 3
"""How many times ``kafka.request_timeout_ms`` an answer is waited for: brokers may be restarted meanwhile, but somebody
waits for the command, and has the data directory to themselves for as long."""
STOP_SECONDS: Final = 5.0


@asynccontextmanager
async def topics_again(kafka: KafkaSettings) -> AsyncIterator[Topics]:
    """Lend a way back to the topics.

    Raises:
        LogAwayError: no broker answers.
        LogError: we are not let in.
    """
    # The largest message is a letter too: aiokafka sends less by itself, and the topics take as much.
    producer = AIOKafkaProducer(acks="all", enable_idempotence=True, max_request_size=INPUT_BYTES, **kafka.options())
    with told(_WHAT, kafka.bootstrap):
        try:
            await producer.start()
            yield Topics(producer, kafka)
        finally:
            await end_producer(producer, STOP_SECONDS)


class Topics:
    """Sends letters back to their topics.

    Args:
        producer: a started producer of aiokafka.
        kafka: how it reaches the brokers.
    """

    def __init__(self, producer: Any, kafka: KafkaSettings) -> None:
        self._producer = producer
        self._kafka = kafka

    async def play(self, letters: Sequence[Letter]) -> None:
        """Send letters; returns when every one is durable. Each goes to its partition, so order within it stays.

        Raises:
            LogAwayError: the brokers stopped answering; some may have arrived.
        """
        seconds = TIMES * self._kafka.request_timeout_ms / 1000
        sent: list[asyncio.Future[Any]] = []
        try:
            for letter in letters:
                topic = topic_of(letter.source)
                partition = letter.partition if letter.partition in await self._producer.partitions_for(topic) else None
                position = letter.position.encode()
                key = position if partition is None else None
                headers = [(HEADER, position)]
                sent.append(await self._producer.send(topic, letter.raw, key=key, partition=partition, headers=headers))
            for one in sent:
                await asyncio.wait_for(one, seconds)
        except (TimeoutError, KafkaTimeoutError):
            raise LogAwayError(
                _WHAT, where=Place(self._kafka.bootstrap), why="the brokers do not answer any more",
                todo="see that they run, and play them again; what has arrived is left out once it is recorded",
            ) from None  # fmt: skip
        finally:
            for one in sent:
                one.add_done_callback(heard)


def into_store(
    store: Store,
    context: Context,
    letters: Sequence[Letter],
    *,
    now: Callable[[], dt.datetime],
    new_id: Callable[[], str],
) -> None:
    """Record letters of files, under ``replay:`` and their source.

    Args:
        store: nobody else may write to it meanwhile; the lock of a data directory sees to that.
        context: what they are judged with.
        letters: by position.
        now: the clock, UTC.
        new_id: names ranges.

    Raises:
        StoreError: the store cannot be written.
    """
    for batch in _batches(store, letters):
        recorded = run(batch, context)
        store.write(recorded, range_of(batch, recorded, context, name=new_id(), now=now()))


def _batches(store: Store, letters: Sequence[Letter]) -> Iterator[RawBatch]:
    """Yield letters as batches of one source, partition and format, behind what was played before."""
    for (source, number, form), some in groupby(letters, key=lambda one: (one.source, one.partition, form_of(one))):
        at = Partition(f"{SCHEME}{source}", number, form)
        end = last_range(store, at)
        first = end.last + 1 if end else 0
        messages = [one.raw for one in some]
        offsets = list(range(first, first + len(messages)))
        yield RawBatch(at.source, number, form, offsets, messages, first=first, last=offsets[-1])
