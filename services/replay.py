"""Replay: where dead letters go when they are played again, as new messages at new positions.

Those of a topic go to that topic, so that every recorder treats them as it treats all else. Those of files go straight
into the store, under the source ``replay:<source>``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import groupby
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from schemas.errors import LogError, Place
from services.dead_letters import Letter, form_of
from services.kafka_client import KafkaSettings, kafka_error, told
from services.kafka_producers import end_producer, heard, partitions_of
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
    try:
        with told(_WHAT, kafka.bootstrap):
            try:
                await asyncio.wait_for(producer.start(), _patience(kafka))
            except TimeoutError:
                raise KafkaTimeoutError from None
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
            LogError: one is refused, or its topic is missing; some may have arrived.
        """
        sent: list[asyncio.Future[Any]] = []
        try:
            for letter in letters:
                topic = topic_of(letter.source) or letter.source
                partition = letter.partition if letter.partition in await self._partitions(topic) else None
                sent.append(await self._send(letter, topic, partition))
            for one in sent:
                await asyncio.wait_for(one, _patience(self._kafka))
        except (TimeoutError, KafkaError) as error:
            why = error if isinstance(error, KafkaError) else KafkaTimeoutError()
            ours = kafka_error(_WHAT, why, self._kafka.bootstrap)
            ours.todo = f"{ours.todo}; then play them again: what has arrived is left out once it is recorded"
            raise ours from None
        finally:
            for one in sent:
                one.add_done_callback(heard)

    async def _partitions(self, topic: str) -> set[int]:
        found = await partitions_of(self._producer, topic)
        if not found:
            raise LogError(
                f"there is no topic {topic}", where=Place(self._kafka.bootstrap),
                todo="make it with `ashiato topics create`, then play them again",
            )  # fmt: skip
        return found

    async def _send(self, letter: Letter, topic: str, partition: int | None) -> Any:
        position = letter.position.encode()
        options = {"key": position if partition is None else None, "partition": partition}
        send = partial(self._producer.send, topic, letter.raw, headers=[(HEADER, position)], **options)
        for _ in range(TIMES - 1):
            with suppress(KafkaTimeoutError):  # no room, since the brokers have not acknowledged those before it
                return await send()
        return await send()


def _patience(kafka: KafkaSettings) -> float:
    return TIMES * kafka.request_timeout_ms / 1000


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
