"""Kafka as the log in front of the recorder (`services.log.Log`).

aiokafka begins to read as soon as a partition is assigned, from where Kafka thinks that we are. That does not count
here: what is assigned is paused until the recorder has said where to go on, and only then asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from schemas.errors import EvidenceError, LogAwayError, LogError, Place
from services.kafka_admin import admin
from services.kafka_client import KafkaSettings, kafka_error, told
from services.kafka_topic_ids import TopicIds
from services.log import NEW_GENERATION, Bounds, Message, Owner, Partition, Run
from services.topics import Input

_log = logging.getLogger(__name__)

NEVER_MS: Final = 2**31 - 1
"""Kafka takes partitions from a consumer that asks for nothing. A recorder that waits for its store does just that, and
whoever got its partitions would wait for the same store; heartbeats go on while the process lives."""
STOP_SECONDS: Final = 5.0
COMMIT_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 1.0
"""How often it asks where partitions end. What is fetched tells that too; but while a recorder waits for its store,
nothing more is fetched, and of a partition that rests (`may_rest`) nothing is fetched either."""
ANSWER_SECONDS: Final = 5.0
"""How long that may take before every partition is asked for again."""
LEAST_FETCH: Final = 64 << 10
GATHER_MS: Final = 100
"""A broker gathers what comes for so long, unless it is much. By default it answers at once, and a log that gets a
hundred small batches a second is asked, and the answer read, a hundred times."""
GATHER_BYTES: Final = 1 << 20
MOST_FETCH: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """How a recorder reads Kafka.

    Attributes:
        group: recorders of one group share the partitions.
        fetch_bytes: what brokers may send ahead, all partitions together, as it comes (compressed).
        session_timeout_ms: a recorder that is not heard of for so long loses its partitions.
        heartbeat_ms: how often it is heard of.
        drain_ms: how long a recorder may finish what it began when partitions move.
        metadata_ms: new partitions are noticed within that time.
        rest_above: with more messages left than so many, about a full batch, partitions with none left may rest; see
            `may_rest`.
    """

    group: str = "ashiato-recorder"
    fetch_bytes: int = 64 << 20
    session_timeout_ms: int = 15_000
    heartbeat_ms: int = 3_000
    drain_ms: int = 60_000
    metadata_ms: int = 30_000
    rest_above: int = 30_000


def may_rest(left: Mapping[Any, int], above: int) -> set[Any]:
    """Return the partitions that need not be asked for until the next look.

    aiokafka has one request open per broker. One that asks for partitions with nothing left waits for `GATHER_MS`, and
    nothing else is fetched meanwhile: while many messages wait elsewhere, a partition that is caught up rests. It is
    looked at again within `LOOK_SECONDS`.

    Args:
        left: by partition, how many messages were left in it when it was last looked at. Less than none: more was read
            since, or the log was cut off behind our back, which only asking for more will tell; so it is asked for.
        above: none rests unless more than so many are left in all partitions together.
    """
    if sum(messages for messages in left.values() if messages > 0) <= above:
        return set()
    return {one for one, messages in left.items() if messages == 0}


class KafkaLog(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """The topics of one recorder.

    Args:
        kafka: how to reach it.
        inputs: what is recorded.
        settings: how it is read.
    """

    def __init__(self, kafka: KafkaSettings, inputs: Sequence[Input], settings: ConsumerSettings | None = None) -> None:
        self._kafka = kafka
        self._settings = settings or ConsumerSettings()
        self._inputs = {one.topic: one for one in inputs}
        self._topics = {one.source: one.topic for one in inputs}
        self._consumer: Any = None
        self._owner: Owner | None = None
        self._ids = TopicIds(kafka)
        self._ends: dict[Any, int] = {}  # as last asked for
        self._going: set[Any] = set()  # told where to go on
        self._went_on = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._same: dict[str, str] = {}  # topic → id, as of resuming

    async def start(self, owner: Owner) -> None:
        """Join the group.

        Raises:
            LogAwayError: no broker answers.
            LogError: a topic does not exist, or we are not let in.
        """
        self._owner = owner
        partitions = await self._count_partitions()
        share = self._settings.fetch_bytes // max(partitions, 1)
        of_partition = min(max(share, LEAST_FETCH), MOST_FETCH)
        self._consumer = AIOKafkaConsumer(
            group_id=self._settings.group,
            enable_auto_commit=False,
            max_poll_interval_ms=NEVER_MS,
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=self._settings.heartbeat_ms,
            rebalance_timeout_ms=self._settings.drain_ms,
            metadata_max_age_ms=self._settings.metadata_ms,
            max_partition_fetch_bytes=of_partition,
            fetch_max_bytes=self._settings.fetch_bytes,
            fetch_max_wait_ms=GATHER_MS,
            fetch_min_bytes=min(GATHER_BYTES, of_partition),  # more could not come of a single one
            **self._options(),
        )
        self._consumer.subscribe(topics=list(self._inputs), listener=self)
        with told("Kafka cannot be reached", self._kafka.bootstrap):
            try:
                await self._consumer.start()
            except KafkaError:
                await self.stop()
                raise
        self._looking = asyncio.create_task(self._look(self._consumer))

    async def stop(self) -> None:
        """Leave the group; without a broker to say good-bye to, its session time-out will do."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        self._going.clear()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(consumer.stop(), STOP_SECONDS)
        await self._ids.close()

    # aiokafka's side. What these raise would only be logged, so they raise nothing.

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        """Hold what is assigned until `go_on`."""
        self._going.clear()  # whoever has one now is told where to go on
        self._consumer.pause(*assigned)
        if self._owner:
            self._owner.assigned([self._partition(one) for one in assigned])

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        """Let the owner finish; Kafka hands nothing on before this returns, or the drain time is over."""
        self._going.clear()
        if self._owner and revoked:
            await self._owner.revoked()

    # The recorder's side

    def go_on(self, partition: Partition, offset: int) -> None:
        """Read a partition from ``offset`` on."""
        tp = self._tp(partition)
        self._consumer.seek(tp, offset)
        self._consumer.resume(tp)
        self._going.add(tp)
        self._went_on.set()

    async def poll(self, partitions: Sequence[Partition], *, seconds: float, rows: int) -> Mapping[Partition, Run]:
        """Return the next messages; see `services.log.Log.poll`."""
        if self._looking is not None and self._looking.done():
            self._looking.result()  # it ends by an error alone; what rests would rest for good
        asked = [self._tp(one) for one in partitions]
        try:
            found = await self._consumer.getmany(*asked, timeout_ms=int(seconds * 1000), max_records=rows)
        except NoOffsetForPartitionError:
            return {}  # of one that waits to be resumed
        except OffsetOutOfRangeError as error:
            raise self._out_of_range(error) from None
        except KafkaError as error:
            ours = kafka_error("Kafka cannot be read", error, self._kafka.bootstrap)
            if not isinstance(ours, LogAwayError):
                raise ours from None
            _log.warning("%s", ours)
            await asyncio.sleep(seconds)
            return {}
        return {
            self._partition(tp): Run([one.offset for one in messages], [one.value for one in messages])
            for tp, messages in found.items()
        }

    async def bounds(self, partitions: Collection[Partition]) -> Mapping[Partition, Bounds]:
        """Return where partitions begin and end; see `services.log.Log.bounds`."""
        asked = [self._tp(one) for one in partitions]
        self._same |= await self._ids.of({tp.topic for tp in asked})  # first, so that a newer log has another id
        with told("Kafka cannot be asked where topics begin and end", self._kafka.bootstrap):
            begin = await self._consumer.beginning_offsets(asked)
            end = await self._consumer.end_offsets(asked)
        return {self._partition(tp): Bounds(begin[tp], end[tp]) for tp in asked}

    async def check(self) -> None:
        """See that the topics are those that were resumed; see `services.log.Log.check`."""
        now = await self._ids.of(self._same) if self._same else {}
        for topic, was in self._same.items():
            if now.get(topic) != was:
                raise EvidenceError(
                    "the topic was deleted while it was read", where=Place(self._inputs[topic].source),
                    why="another one has its name now" if topic in now else "it is gone", todo=NEW_GENERATION,
                )  # fmt: skip

    async def messages_at(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, Message | None]:
        """Return the first message at or behind an offset, by partition; see `services.log.Log.messages_at`."""
        with told("recorded messages cannot be read again", self._kafka.bootstrap):
            return await asyncio.wait_for(self._read_again(offsets), AGAIN_SECONDS)

    async def compacted(self, partition: Partition) -> bool:
        """Return whether a topic is compacted, if Kafka lets us know."""
        try:
            async with admin(self._kafka) as asked:
                settings = await asked.settings(self._topics[partition.source])
        except LogError as error:
            _log.warning("Kafka does not tell how %s is cleaned up: %s", partition.source, error)
            return False
        return "compact" in settings.get("cleanup.policy", "")

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Leave Kafka a hint of where we are; nothing depends on it but what Kafka's own tools show."""
        wanted = {self._tp(one): offset for one, offset in offsets.items()}
        try:
            await asyncio.wait_for(self._consumer.commit(wanted), COMMIT_SECONDS)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            _log.info("offsets were not committed, which does no harm: %s", type(error).__name__)

    def lag(self, partition: Partition, position: int) -> int | None:
        """Return how many offsets are left; see `services.log.Log.lag`."""
        tp = self._tp(partition)
        try:
            fetched = self._consumer.highwater(tp)
        except (KafkaError, AssertionError):
            return None
        ends = [end for end in (fetched, self._ends.get(tp)) if end is not None]
        return max(*ends, position) - position if ends else None

    @property
    def resting(self) -> Collection[Partition]:
        """The partitions that are not asked for until the next look."""
        return [self._partition(tp) for tp in self._going & self._consumer.paused()]

    # Inside

    async def _look(self, consumer: Any) -> None:
        """Ask again and again where partitions end, until cancelled; brokers that are away are asked again too."""
        while True:
            with suppress(TimeoutError):  # `wait_for` of Python 3.11 may lose a cancellation
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._went_on.wait()
            self._went_on.clear()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    self._ends = await consumer.end_offsets(list(consumer.assignment()))
                    positions = {tp: await consumer.position(tp) for tp in self._going & self._ends.keys()}
            except (KafkaError, TimeoutError):
                positions = {}  # nothing is known, so nothing rests
            left = {tp: self._ends[tp] - position for tp, position in positions.items()}
            rest = may_rest(left, self._settings.rest_above) & self._going
            consumer.resume(*(self._going - rest))
            consumer.pause(*rest)

    def _options(self) -> dict[str, Any]:
        """Return what both ways to read have in common."""
        return {**self._kafka.options(), "isolation_level": "read_committed", "auto_offset_reset": "none"}

    def _tp(self, partition: Partition) -> Any:
        return TopicPartition(self._topics[partition.source], partition.number)

    def _partition(self, tp: Any) -> Partition:
        one = self._inputs[tp.topic]
        return Partition(one.source, tp.partition, one.format)

    async def _count_partitions(self) -> int:
        """Return how many partitions the topics have; a topic that does not exist is not made by asking for it."""
        async with admin(self._kafka) as asked:
            there = await asked.partitions()
        missing = sorted(self._inputs.keys() - there.keys())
        if missing:
            raise LogError(
                f"there is no topic {', '.join(missing)}", where=Place(self._kafka.bootstrap),
                todo="make it with `ashiato topics create`, or mend kafka.topics",
            )  # fmt: skip
        return sum(there[topic] for topic in self._inputs)

    async def _read_again(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, Message | None]:
        """Read with a consumer of its own, outside the group: the group's goes on undisturbed."""
        consumer = AIOKafkaConsumer(
            group_id=None, enable_auto_commit=False, max_partition_fetch_bytes=1, **self._options()
        )
        found: dict[Partition, Message | None] = {}
        try:
            await consumer.start()
            consumer.assign([self._tp(one) for one in offsets])
            for partition, offset in offsets.items():
                consumer.seek(self._tp(partition), offset)
            ends = await consumer.end_offsets([self._tp(one) for one in offsets])
            while len(found) < len(offsets):
                for tp, messages in (await consumer.getmany(timeout_ms=200)).items():
                    found.setdefault(self._partition(tp), Message(messages[0].offset, messages[0].value))
                for partition in offsets.keys() - found.keys():
                    if await consumer.position(self._tp(partition)) >= ends[self._tp(partition)]:
                        found[partition] = None
        except OffsetOutOfRangeError as error:
            raise self._out_of_range(error) from None
        finally:
            await consumer.stop()
        return found

    def _out_of_range(self, error: OffsetOutOfRangeError) -> EvidenceError:
        offsets: Mapping[Any, int] = error.args[0] if error.args and isinstance(error.args[0], Mapping) else {}
        tp, offset = next(iter(offsets.items()), (None, None))
        where = Place(str(self._partition(tp)) if tp else self._kafka.bootstrap, position=offset)
        return EvidenceError(
            "the position to go on at is no longer in the log", where=where,
            why="the topic was made anew, truncated, or its messages expired before they were recorded",
            todo="start again: it will be told which of these, and what to do",
        )  # fmt: skip
