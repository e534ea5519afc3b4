"""What whoever has a producer of aiokafka needs besides it; above all, ending one, whatever its brokers do.

An idempotent producer never gives up on a message by itself, and its ``stop`` waits for as long (aiokafka's issue
1101). There is no public way to tell it to, so this reaches into it, step by step.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed, UnknownTopicOrPartitionError

_log = logging.getLogger(__name__)


async def end_producer(producer: AIOKafkaProducer, seconds: float) -> None:
    """Let a producer send what it holds, for so long; then end it, and let go of what it could not send.

    Takes up to three times as long, however many brokers there are. If it is cancelled in the middle it still ends the
    producer. What was not acknowledged ends with ``ProducerClosed`` for whoever waits for it.
    """
    sender, held = producer._sender, producer._message_accumulator  # noqa: SLF001
    async with AsyncExitStack() as steps:  # the last one is the first; all are taken, whatever becomes of the others
        steps.push_async_callback(_disconnect, producer, seconds)
        steps.callback(_let_go, held)
        steps.push_async_callback(_within, sender.close, seconds)
        await _within(producer.flush, seconds)


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> set[int]:
    """Return the partitions of a topic; none if there is no such topic."""
    try:
        found: set[int] = await producer.partitions_for(topic)
    except UnknownTopicOrPartitionError:
        found = set()
    return found


def heard(one: asyncio.Future[Any]) -> None:
    """Ask how a message ended, so that no log tells that nobody did: of several errors one is told."""
    if not one.cancelled():
        one.exception()


class _Forgiving(set[Any]):
    """Batches that were taken for sending. Requests that are still open put back some that were let go of."""

    def remove(self, element: Any) -> None:
        self.discard(element)


async def _within(step: Callable[[], Coroutine[Any, Any, object]], seconds: float) -> None:
    """Take a step of aiokafka's, but do not wait longer, not for the end of its cancellation either."""
    task = asyncio.create_task(step())
    task.add_done_callback(_noted)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()


def _noted(task: asyncio.Task[object]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("a producer of Kafka ended with %s", type(error).__name__)


def _let_go(held: Any) -> None:
    """End all messages that are left; whoever waits for room behind them is told too."""
    queued = [batch for batches in held._batches.values() for batch in batches]  # noqa: SLF001
    held._pending_batches = _Forgiving(held._pending_batches)  # noqa: SLF001
    held.fail_all(ProducerClosed())
    for batch in queued:
        heard(batch._drain_waiter)  # noqa: SLF001


async def _disconnect(producer: AIOKafkaProducer, seconds: float) -> None:
    """Close connections, those too whose broker takes nothing any more; end who waits for news of the cluster."""
    client = producer.client
    transports = [one._writer.transport for one in client._conns.values() if one._writer is not None]  # noqa: SLF001
    try:
        await _within(producer.stop, seconds)
    finally:
        for transport in transports:
            transport.abort()
        news = client._md_update_fut  # noqa: SLF001
        if news is not None and not news.done():
            news.set_result(False)
