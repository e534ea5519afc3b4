"""What topics there are, how they are set up, and making those that are missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.errors import LogError, Place
from services.kafka_client import KafkaSettings, kafka_error, told
from services.topics import Topic

COPIES: Final = 3
"""Copies of each partition, where there are as many brokers: one may fail, and one may be in repair."""


@dataclass(frozen=True, slots=True)
class There:
    """A topic that exists: its number of partitions, and its settings by name."""

    partitions: int
    settings: dict[str, str]


@asynccontextmanager
async def admin(kafka: KafkaSettings) -> AsyncIterator[Admin]:
    """Lend a connection for looking after topics.

    Raises:
        LogAwayError: no broker answers.
        LogError: we are not let in, or something is refused.
    """
    client = AIOKafkaAdminClient(**kafka.options())
    with told("Kafka cannot be asked about topics", kafka.bootstrap):
        try:
            await client.start()
            yield Admin(client, kafka)
        finally:
            await client.close()


class Admin:
    """Looks after topics.

    Args:
        client: a started admin client of aiokafka.
        kafka: how to reach the brokers.
    """

    def __init__(self, client: Any, kafka: KafkaSettings) -> None:
        self._client = client
        self._kafka = kafka

    async def partitions(self) -> dict[str, int]:
        """Return the number of partitions of every topic that we may see."""
        return {one["topic"]: len(one["partitions"]) for one in await self._client.describe_topics()}

    async def there(self, names: Collection[str]) -> dict[str, There]:
        """Return those of ``names`` that exist, with all their settings."""
        counts = await self.partitions()
        found = sorted(counts.keys() & set(names))
        return {name: There(counts[name], await self.settings(name)) for name in found}

    async def settings(self, name: str) -> dict[str, str]:
        """Return the settings of one topic."""
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        settings: dict[str, str] = {}
        for response in await self._client.describe_configs([resource]):
            for error, _message, _type, _name, entries in response.resources:
                self._check(error, f"the settings of {name} cannot be read")
                settings |= {entry[0]: entry[1] or "" for entry in entries}
        return settings

    async def begin(self, topic: str, partition: int) -> int:
        """Return the first offset that a partition has, or would have if it is empty."""
        at = TopicPartition(topic, partition)
        if not 0 <= partition < (await self.partitions()).get(topic, 0):
            raise LogError(f"there is no partition {partition} of {topic}", where=Place(self._kafka.bootstrap))
        consumer = AIOKafkaConsumer(group_id=None, enable_auto_commit=False, **self._kafka.options())
        try:
            await consumer.start()
            found: int = (await consumer.beginning_offsets([at]))[at]
        finally:
            await consumer.stop()
        return found

    async def members(self, group: str) -> int:
        """Return how many members a consumer group has now."""
        count = 0
        for response in await self._client.describe_consumer_groups([group]):
            for error, _group, _state, _kind, _protocol, members, *_ in response.groups:
                self._check(error, f"the group {group} cannot be looked up")
                count += len(members)
        return count

    async def create(self, topics: Sequence[Topic], *, partitions: int | None, replication: int | None) -> list[str]:
        """Make topics; return the names of those that somebody else made first.

        Args:
            topics: which.
            partitions: of those that have more than one; None: as designed.
            replication: copies of each partition; None: `COPIES`, or as many as there are brokers.
        """
        brokers = len((await self._client.describe_cluster())["brokers"])
        copies = replication or min(COPIES, brokers)
        new = [
            NewTopic(one.name, partitions or one.partitions if one.partitions > 1 else 1, copies,
                     topic_configs=one.settings)
            for one in topics
        ]  # fmt: skip
        response = await self._client.create_topics(new)
        late = []
        for name, error, *_ in response.topic_errors:
            if for_code(error) is TopicAlreadyExistsError:
                late.append(name)
            else:
                self._check(error, f"the topic {name} cannot be made")
        return late

    def _check(self, error: int, what: str) -> None:
        if error:
            raise kafka_error(what, for_code(error)(), self._kafka.bootstrap)
