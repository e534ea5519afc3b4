"""Recorders of a real broker or of a list in memory, put together for tests."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from services.kafka_client import KafkaSettings
from services.kafka_sink import KafkaSink
from services.kafka_source import ConsumerSettings, KafkaLog
from services.log import Log
from services.observer import Observer
from services.recorder import Recorder, RecorderSettings
from services.recording import Publish, Recording
from services.store import Store
from services.topics import Input
from streams.outgoing import Kind, Outgoing
from tests.support.stores import NOW, context, event

QUICK: Final = ConsumerSettings(
    session_timeout_ms=6_000, heartbeat_ms=300, drain_ms=10_000, metadata_ms=500, rest_above=100
)
PATIENCE: Final = 40.0
"""Seconds after which a test gives up waiting."""


def messages(numbers: Iterable[int]) -> list[bytes]:
    """Return events as messages."""
    return [json.dumps(event(number)).encode() for number in numbers]


def recording(
    store: Store,
    publish: Publish,
    *,
    prefix: str = "r",
    observer: Observer | None = None,
    checkpoint: Callable[[str], None] = lambda _: None,
) -> Recording:
    """Return the step from messages to evidence at a fixed time, under names that begin with ``prefix``."""
    count = itertools.count()
    return Recording(
        store, context, publish, now=lambda: NOW, new_id=lambda: f"{prefix}{next(count):06}",
        observer=observer, checkpoint=checkpoint,
    )  # fmt: skip


class Told:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []

    async def publish(self, out: Sequence[Outgoing]) -> None:
        """Keep messages."""
        self.messages += out

    def values(self, kind: Kind) -> list[bytes]:
        """Return the values of one kind, in order."""
        return [value for one in self.messages if one.kind == kind for value in one.values]


class Watcher(Observer):
    """Counts what is recorded, and lets tests wait for it."""

    def __init__(self) -> None:
        self.count = 0
        self.partitions: list[Any] = []
        self.warnings: list[str] = []
        self.retries: list[str] = []
        self.batches: list[int] = []
        self.lags: dict[Any, int] = {}

    def assigned(self, partitions: Sequence[Any]) -> None:
        """Keep what is assigned."""
        self.partitions = list(partitions)

    def recorded(self, prepared: Sequence[Any]) -> None:
        """Count messages."""
        self.batches.append(len(prepared))
        self.count += sum(one.range.messages for one in prepared)

    def retried(self, stage: str, error: Exception, wait: float) -> None:  # noqa: ARG002
        """Keep what was tried again."""
        self.retries.append(stage)

    def lag(self, partition: Any, messages: int) -> None:
        """Keep what was told last."""
        self.lags[partition] = messages

    def warned(self, text: str) -> None:
        """Keep warnings."""
        self.warnings.append(text)


@asynccontextmanager
async def running(recorder: Recorder) -> AsyncIterator[asyncio.Task[None]]:
    """Let a recorder run for a while, and end it in good order."""
    task = asyncio.create_task(recorder.run())
    try:
        yield task
    finally:
        recorder.stop()
        await asyncio.wait({task}, timeout=PATIENCE)
        if not task.done():
            task.cancel()
    await task


async def until(true: Callable[[], bool], task: asyncio.Task[None] | None = None) -> None:
    """Wait until something is true; an error of the task, or its end, is the end of waiting too."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            if task is not None and task.done():
                task.result()
                raise AssertionError("the recorder ended by itself")
            await asyncio.sleep(0.01)


def kafka_log(
    bootstrap: str, *topics: str, group: str, form: str = "native", settings: ConsumerSettings = QUICK
) -> KafkaLog:
    """Return topics of a broker as a log."""
    inputs = [Input(topic, f"kafka:{topic}", form) for topic in topics]
    return KafkaLog(KafkaSettings(bootstrap), inputs, ConsumerSettings(**{**_fields(settings), "group": group}))


def _fields(settings: ConsumerSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ConsumerSettings.__dataclass_fields__}


def recorder(log: Log, store: Store, publish: Publish, **more: Any) -> tuple[Recorder, Watcher]:
    """Return a recorder with small batches, and what watches it."""
    watcher = Watcher()
    settings = more.pop("settings", RecorderSettings(batch_rows=50, batch_ms=100, drain_seconds=5, grace_seconds=10))
    checkpoint = more.get("checkpoint", lambda _: None)
    return (
        Recorder(
            log, recording(store, publish, observer=watcher, **more), settings, observer=watcher, checkpoint=checkpoint
        ),
        watcher,
    )


@asynccontextmanager
async def sink(bootstrap: str, topics: dict[Kind, str]) -> AsyncIterator[KafkaSink]:
    """Lend a sink."""
    made = KafkaSink(KafkaSettings(bootstrap), topics)
    try:
        yield made
    finally:
        await made.stop()
