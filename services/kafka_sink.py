"""What follows from a batch, told to Kafka: findings, activity and dead letters, durable on all replicas that count."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from schemas.errors import LogAwayError, LogError, Place
from services.kafka_client import KafkaSettings, told
from services.kafka_producers import end_producer, heard, partitions_of
from services.topics import OUT
from streams.outgoing import POSITION, Kind, Outgoing

BATCH_BYTES: Final = 512 << 10
"""Of one batch of messages before compression; a broker takes 1 MiB unless it is told otherwise."""
STOP_SECONDS: Final = 5.0
KEYS_REMEMBERED: Final = 1 << 16


class KafkaSink:
    """Publishes messages; `publish` returns when every one is acknowledged.

    Args:
        kafka: how to reach it.
        topics: where a kind goes, if not to its usual topic. All that are named, else all usual ones, have to be there
            before anything is told: that one is missed only once there is something for it would tell what there is.
    """

    def __init__(self, kafka: KafkaSettings, topics: dict[Kind, str] | None = None) -> None:
        self._kafka = kafka
        self._topics = OUT | (topics or {})
        self._needed = (topics or OUT).values()
        self._producer: Any = None

    async def _connect(self) -> None:
        """Connect. A producer that has failed is never used again: it may be unable to go on in order."""
        producer = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            **self._kafka.options(),
        )
        try:
            await producer.start()
        except BaseException:  # cancelled too: nobody else knows of it yet
            await end_producer(producer, STOP_SECONDS)
            raise
        self._producer = producer
        for topic in self._needed:
            await self._partitions(topic)

    async def stop(self) -> None:
        """Let go."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await end_producer(producer, STOP_SECONDS)

    async def publish(self, out: Sequence[Outgoing]) -> None:
        """Tell messages; on an error some may have been told already, and telling all again does no harm.

        Raises:
            LogAwayError: not every one was acknowledged, or a topic is missing.
            LogError: one is refused for good.
        """
        with told("messages cannot be published", self._kafka.bootstrap):
            try:
                if self._producer is None:
                    await self._connect()
                await self._send(out)
            except (KafkaError, LogError):
                await self.stop()
                raise

    async def _send(self, out: Sequence[Outgoing]) -> None:
        """Hand everything to the producer, then wait until all of it is acknowledged."""
        producer = self._producer
        kinds = [(topic := self._topics[one.kind], len(await self._partitions(topic)), one) for one in out]
        acknowledged: list[asyncio.Future[Any]] = []
        try:
            for topic, partition, batch in await asyncio.to_thread(_packed, kinds, producer.create_batch):
                acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
            await asyncio.gather(*acknowledged)
        except KafkaError:
            for one in acknowledged:
                if one.done():
                    one.result()  # why one was refused says more than that there was no room behind it
            raise
        finally:
            for one in acknowledged:
                one.add_done_callback(heard)

    async def _partitions(self, topic: str) -> set[int]:
        found = await partitions_of(self._producer, topic)
        if not found:
            raise LogAwayError(
                f"there is no topic {topic}", where=Place(self._kafka.bootstrap),
                todo="make it with `ashiato topics create`; it is waited for",
            )  # fmt: skip
        return found


def _packed(kinds: Iterable[tuple[str, int, Outgoing]], new_batch: Callable[[], Any]) -> list[tuple[str, int, Any]]:
    """Return messages packed as topic, partition and batch, in the order to hand them over.

    Of each partition the first batches come first, then the second ones: there is one of a partition in a request, and
    whoever hands over the next waits for the answer.

    Args:
        kinds: topic, its number of partitions, and the messages for it.
        new_batch: makes an empty batch of messages.
    """
    found = [
        (turn, topic, partition, batch)
        for topic, partitions, out in kinds
        for partition, mine in _batches(out, partitions, new_batch).items()
        for turn, batch in enumerate(mine)
    ]
    for _, _, _, batch in found:
        batch.close()
    return [(topic, partition, batch) for _, topic, partition, batch in sorted(found, key=itemgetter(0))]


def _batches(out: Outgoing, partitions: int, new_batch: Callable[[], Any]) -> dict[int, list[Any]]:
    """Return the batches of each partition, in order; the same key always goes to the same one."""
    batches: defaultdict[int, list[Any]] = defaultdict(lambda: [new_batch()])
    for key, value, position in zip(out.keys, out.values, out.positions, strict=True):
        mine = batches[partition_of(key, partitions)]
        headers = [(POSITION, position)]
        if mine[-1].append(timestamp=None, key=key, value=value, headers=headers) is None:
            mine.append(new_batch())
            mine[-1].append(timestamp=None, key=key, value=value, headers=headers)
    return batches


@lru_cache(KEYS_REMEMBERED)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that every Kafka client would choose for a key (murmur2)."""
    found: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return found
