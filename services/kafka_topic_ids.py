"""Topic ids: what tells a topic from another of the same name that was made after the first was deleted (KIP-516).

Offsets do not tell: a topic that is made anew fills them again, and a consumer that stands at one of them goes on
there. aiokafka asks for metadata in a version without ids, so the request is spelt out here (Metadata, version 10).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from io import BytesIO
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from services.kafka_client import KafkaSettings, kafka_error, told


class _Uuid(Int32):  # type: ignore[misc]  # aiokafka ships no types
    """16 bytes."""

    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestV10]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> Any:
        nobody = uuid.UUID(int=0)
        return request_struct_class([(nobody, name, {}) for name in self._topics], False, False, False, {})


class TopicIds:
    """Asks a broker for the ids of topics.

    Args:
        kafka: how to reach it.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._client: Any = None

    async def of(self, topics: Collection[str]) -> dict[str, str]:
        """Return the id of each topic that exists; nothing at all if the broker is older than ids (Kafka 2.8).

        Raises:
            LogAwayError: no broker answers, or not about a topic at present.
            LogError: we are not let in, or may not know of a topic.
        """
        with told("topics cannot be looked up", self._kafka.bootstrap):
            try:
                answer = await self._ask(_MetadataRequest(topics))
            except (IncompatibleBrokerVersion, NotImplementedError):
                return {}
        return {name: str(topic_id) for error, name, topic_id, *_ in answer.topics if self._there(name, error)}

    def _there(self, name: str, error: int) -> bool:
        """Return whether a topic exists; any other error than that it does not says nothing of that."""
        if not error:
            return True
        kind = for_code(error)
        if kind is UnknownTopicOrPartitionError:
            return False
        raise kafka_error(f"the topic {name} cannot be looked up", kind(), self._kafka.bootstrap)

    async def close(self) -> None:
        """Let the connection go."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _ask(self, request: _MetadataRequest) -> Any:
        if self._client is None:
            client = AIOKafkaClient(**self._kafka.options())
            await client.bootstrap()
            self._client = client
        return await self._client.send(self._client.get_random_node(), request)
