"""Checks of readiness, for `services.health`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from services.gateway_sink import Sink
from services.health import Check
from services.log import Partition
from services.observer import Observer
from services.store import Store
from streams.pipeline import Context
from streams.register_versions import EMPTY_REGISTER


class Taking(Observer):
    """Knows whether a recorder has joined, and reads on in everything that is its own.

    A recorder without partitions is ready too: it waits for others to leave.
    """

    def __init__(self) -> None:
        self._joined = False
        self._waiting: set[Partition] = set()

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Note what has to be resumed."""
        self._joined = True
        self._waiting = set(partitions)

    def resumed(self, partition: Partition, offset: int) -> None:  # noqa: ARG002
        """Note that one of them is read."""
        self._waiting.discard(partition)

    async def check(self) -> str:
        """Return what is missing."""
        if not self._joined:
            return "no partitions were assigned yet"
        return f"{len(self._waiting)} partitions wait to be resumed" if self._waiting else ""


class StoreAnswers:
    """Asks the store for a sign of life, once at a time and in a thread of its own: an insert may take long.

    Args:
        store: an open store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._asked: asyncio.Future[object] | None = None

    async def check(self) -> str:
        """Return "" once the store has answered.

        Raises:
            StoreError: it does not.
        """
        if self._asked is None or self._asked.done():
            self._asked = asyncio.get_running_loop().run_in_executor(self._thread, self._store.rows, "SELECT 1")
            self._asked.add_done_callback(_noticed)
        await asyncio.shield(self._asked)
        return ""

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _noticed(asked: asyncio.Future[object]) -> None:
    """Take note of an error that nobody may be waiting for any more."""
    if not asked.cancelled():
        asked.exception()


def register_loaded(context: Callable[[], Context]) -> Check:
    """Return the check that there is a register: without one everything is unknown."""

    async def check() -> str:
        return "no register is loaded" if context().index.register == EMPTY_REGISTER else ""

    return check


def sink_takes(sink: Sink) -> Check:
    """Return the check that what is sent can be made durable."""

    async def check() -> str:
        return sink.problem()

    return check
