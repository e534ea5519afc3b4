"""Load: messages that follow from their number alone, and a feeder that remembers what was acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Final, Self
from zlib import crc32

from schemas.events import MAX_MESSAGE_BYTES
from tests.support.kafka.topics import Message, producer, send_by
from tests.support.stores import event

POISON: Final[tuple[bytes | None, ...]] = (
    b"{",
    b"\xff\xfe not text",
    b"[]",
    b'{"specversion": "1.0"}',
    b"",
    None,
    json.dumps(event(0, action="no such action")).encode(),
)
"""What cannot be read, each in another way; an empty value and a tombstone among it."""
OVERSIZE: Final = MAX_MESSAGE_BYTES + 1
PARTS: Final = 50
"""Messages that are sent together."""


def good(number: int) -> bytes:
    """Return an event of its own."""
    return json.dumps(event(number)).encode()


def mixed(number: int, *, poison_every: int = 0) -> bytes | None:
    """Return an event, or in each ``poison_every``-th place a message that cannot be read."""
    if poison_every and number % poison_every == poison_every - 1:
        return POISON[number // poison_every % len(POISON)]
    return good(number)


def messages(first: int, last: int, *, partitions: int, poison_every: int = 0) -> Iterator[Message]:
    """Yield messages ``first`` to ``last`` (not included), spread over partitions without a pattern."""
    for number in range(first, last):
        partition = crc32(number.to_bytes(8)) % partitions
        yield Message(mixed(number, poison_every=poison_every), key=b"%d" % number, partition=partition)


class Feeder:
    """Sends messages at a steady rate until it is left; what the broker has acknowledged is in ``acknowledged``.

    Args:
        bootstrap: the broker.
        topic: where to.
        partitions: how many of them are used.
        rate: messages a second.
        poison_every: each so-manieth message cannot be read; 0: none.
    """

    def __init__(self, bootstrap: str, topic: str, *, partitions: int, rate: int, poison_every: int = 0) -> None:
        self.acknowledged: dict[tuple[int, int], bytes | None] = {}
        self._bootstrap = bootstrap
        self._topic = topic
        self._pause = PARTS / rate
        self._make: Callable[[int], Iterator[Message]] = lambda begin: messages(
            begin, begin + PARTS, partitions=partitions, poison_every=poison_every
        )
        self._enough = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._feed())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is begun; after an error of the test, nothing more. What stopped the feeder is an error itself."""
        assert self._task
        if error is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
            return
        self._enough.set()
        await self._task

    async def _feed(self) -> None:
        # Idempotent: a broker that dies before its answer does not make the producer send twice.
        async with producer(self._bootstrap, enable_idempotence=True) as kafka:
            for begin in count(0, PARTS):
                part = list(self._make(begin))
                positions = await send_by(kafka, self._topic, part)
                self.acknowledged.update(zip(positions, (one.value for one in part), strict=True))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), self._pause)
                if self._enough.is_set():
                    return
