"""The gateway's way to Kafka: an idempotent producer; a message is durable once all in-sync replicas have it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import RecordMetadata

from schemas.events import MAX_MESSAGE_BYTES
from services.gateway_sink import Message, Position, SinkError, TooLargeError, Trouble
from services.kafka_producers import end_producer
from services.topics import LARGEST

_log = logging.getLogger(__name__)

_OVERHEAD_BYTES: Final = 1 << 16  # key, headers and framing of the largest message
_LINGER_MS: Final = 3
"""Requests that come within this time share one request to the broker."""
_FIRST_SECONDS: Final = 5.0
"""So long a start waits for a first connection; without one the gateway runs and answers 503."""
_BACKOFF_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_STOP_SECONDS: Final = 10.0
_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_PRODUCER_HEADER: Final = "producer"


class KafkaIntake:
    """Appends messages to Kafka (a `services.gateway_sink.Sink`), and keeps itself connected.

    Args:
        client: settings of the connection, as aiokafka takes them: ``bootstrap_servers``, ``security_protocol``, …
        pending_bytes: so many bytes may wait for the brokers; past it messages are refused. An idempotent producer
            never gives up on a message, so this alone bounds memory while the brokers are away.
    """

    def __init__(self, client: Mapping[str, Any], pending_bytes: int) -> None:
        self._client = dict(client)
        self._limit = pending_bytes
        self.pending_bytes = 0
        self._trouble = Trouble()
        self._producer: AIOKafkaProducer | None = None
        self._broken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to connect, and wait a little for it. Brokers that are away are waited for in the background."""
        connected = asyncio.Event()
        self._begin(self._keep_connected(connected))
        with suppress(TimeoutError):
            await asyncio.wait_for(connected.wait(), _FIRST_SECONDS)

    async def close(self) -> None:
        """Send what waits, then disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        producer, self._producer = self._producer, None
        if producer is not None:
            await end_producer(producer, _STOP_SECONDS)

    def problem(self) -> str:
        """Return why nothing can be written at present; empty if it can."""
        return "there is no connection to Kafka" if self._working() is None else self._trouble.text()

    async def append(self, messages: Sequence[Message]) -> list[Position]:
        """Return the positions of the messages once all in-sync replicas have all of them.

        Raises:
            TooLargeError: a topic takes no message of such a size.
            SinkError: the brokers do not acknowledge, refuse, or too much waits for them already.
        """
        producer = self._working()
        if producer is None:
            raise SinkError("there is no connection to Kafka")
        size = sum(len(one.value) for one in messages)
        if self.pending_bytes and self.pending_bytes + size > self._limit:
            raise SinkError("Kafka is behind", why=f"{self.pending_bytes:,} bytes wait for its brokers", retry_after=1)
        try:
            sent = [await self._send(producer, one) for one in messages]
        except (KafkaError, OSError) as error:
            raise self._away(error) from error
        await asyncio.wait(sent)  # unlike `gather` it does not cancel what the producer will send all the same
        try:
            found = [one.result() for one in sent]
        except (KafkaError, OSError) as error:
            # The lost batch has taken its sequence numbers along: to the broker all that follow are out of order.
            if producer is self._producer:
                self._broken.set()
            raise self._refused(messages, sent, error) from error
        self._trouble.over()
        return [Position(one.topic, one.partition, one.offset) for one in found]

    def _working(self) -> AIOKafkaProducer | None:
        """Return the producer, unless it is broken and waits to be exchanged: it would refuse all that it is given."""
        return None if self._broken.is_set() else self._producer

    async def _send(self, producer: AIOKafkaProducer, one: Message) -> asyncio.Future[RecordMetadata]:
        """Hand one message to the producer; it counts as pending until the broker has spoken, whoever still waits."""
        headers = [(_PRODUCER_HEADER, one.producer.encode())]
        future: asyncio.Future[RecordMetadata] = await producer.send(
            one.topic, value=one.value, key=one.key or None, headers=headers
        )
        self.pending_bytes += len(one.value)
        future.add_done_callback(self._counted_off(len(one.value)))
        return future

    def _counted_off(self, size: int) -> Callable[[asyncio.Future[RecordMetadata]], None]:
        def done(future: asyncio.Future[RecordMetadata]) -> None:
            self.pending_bytes -= size
            if not future.cancelled():
                future.exception()  # of a failure that nobody waits for any more, no log needs to tell

        return done

    async def _keep_connected(self, connected: asyncio.Event) -> None:
        """Hold one working producer, and take another where it broke."""
        while True:
            self._producer = await self._connect()
            self._trouble.over()
            connected.set()
            await self._broken.wait()
            self._broken.clear()
            self._begin(end_producer(self._producer, _STOP_SECONDS))
            self._producer = None

    async def _connect(self) -> AIOKafkaProducer:
        attempt = 0
        while True:
            producer = self._new_producer()
            try:
                await producer.start()
            except (KafkaError, OSError) as error:
                self._away(error)
                await end_producer(producer, _STOP_SECONDS)
            except asyncio.CancelledError:
                await end_producer(producer, _STOP_SECONDS)
                raise
            else:
                return producer
            await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
            attempt += 1

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._client,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=_LINGER_MS,
            max_request_size=MAX_MESSAGE_BYTES + _OVERHEAD_BYTES,
        )

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refused(self, messages: Sequence[Message], sent: Sequence[asyncio.Future[Any]], error: Exception) -> SinkError:
        """Return why messages are not durable: one is too large for brokers that are well, or these are not."""
        errors = (None if one.cancelled() else one.exception() for one in sent)
        index = next((index for index, one in enumerate(errors) if isinstance(one, _TOO_LARGE)), None)
        if index is None:
            return self._away(error)
        topic, size = messages[index].topic, len(messages[index].value)
        todo = f"raise {LARGEST} of {topic}: `ashiato topics create` says to what"
        _log.warning("%s takes no message of %s bytes; %s", topic, f"{size:,}", todo)
        return TooLargeError("Kafka takes no message of this size", index, todo=todo)

    def _away(self, error: Exception) -> SinkError:
        self._trouble.says("Kafka does not acknowledge")
        return SinkError("Kafka does not acknowledge", why=type(error).__name__, todo="check its brokers and topics")
