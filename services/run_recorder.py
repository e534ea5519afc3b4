"""One recorder as a process: store, keys and register, Kafka on both sides, and the signals that end it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from services.clock import new_id, utc_now
from services.kafka_client import KafkaSettings
from services.kafka_sink import KafkaSink
from services.kafka_source import ConsumerSettings, KafkaLog
from services.logs import LogObserver
from services.observer import Observer
from services.recorder import Recorder, RecorderSettings
from services.recording import Recording
from services.reviewer import Reviewer, record_and_review
from services.store import Store
from services.topics import EVENTS, Input, inputs
from streams.outgoing import Kind
from streams.pipeline import Context


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that a recorder process is set up with.

    Attributes:
        kafka: how to reach it.
        topics: what is recorded; a generation (``audit.events~2``) tells a topic that was made anew from the old one.
        consumer: how it is read.
        recorder: sizes and times.
        out: where findings, activity and dead letters go, if not to the usual topics.
    """

    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: Sequence[str] = (EVENTS,)
    consumer: ConsumerSettings = field(default_factory=ConsumerSettings)
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    out: dict[Kind, str] | None = None


async def run_recorder(
    store: Store,
    context: Callable[[], Context],
    settings: RunSettings,
    *,
    observer: Observer | None = None,
    checkpoint: Callable[[str], None] = lambda _: None,
    until: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Record until it is told to stop, by SIGTERM or SIGINT unless somebody else tells it.

    Args:
        store: an open store.
        context: gives what to judge with.
        settings: see `RunSettings`.
        observer: is told what happens.
        checkpoint: see `services.recorder.Recorder`.
        until: is given what to call when it is to stop; None: signals do.

    Raises:
        EvidenceError: a topic is not the one that was recorded before.
        PoisonedError: too much cannot be read.
        UsageError: a topic has no format that is known.
        LogError: Kafka does not let us in.
        StoreError: the store refuses for good.
    """
    observer = observer or LogObserver()
    sink = KafkaSink(settings.kafka, settings.out)
    recording = Recording(
        store, context, sink.publish, now=utc_now, new_id=new_id, observer=observer, checkpoint=checkpoint
    )
    topics = inputs(settings.topics, store.sources())
    log = KafkaLog(settings.kafka, topics, settings.consumer)
    recorder = Recorder(log, recording, settings.recorder, observer=observer, checkpoint=checkpoint)
    aside = KafkaSink(settings.kafka, settings.out)  # a review waits for its own messages, not for a batch's
    of_review = _of_review(checkpoint)
    reviewing = Recording(
        store, context, aside.publish, now=utc_now, new_id=new_id, observer=observer, checkpoint=of_review
    )
    reviewer = Reviewer(
        reviewing, lambda: _reads(recorder, topics[0]), settings.recorder, observer=observer, checkpoint=of_review
    )

    def stop() -> None:
        reviewer.stop()
        recorder.stop()

    (until or until_told)(stop)
    try:
        await record_and_review(recorder, reviewer)
    finally:
        await sink.stop()
        await aside.stop()


def _reads(recorder: Recorder, first: Input) -> bool:
    """Return whether a recorder reads partition 0 of its first topic: of a group it is one that does."""
    return any((one.source, one.number) == (first.source, 0) for one in recorder.partitions)


def _of_review(checkpoint: Callable[[str], None]) -> Callable[[str], None]:
    """Return a checkpoint under which the points of a review have names of their own (``review: rows``)."""
    return lambda name: checkpoint(f"review: {name}")


def until_told(stop: Callable[[], None]) -> None:
    """Call ``stop`` when the process is asked to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # on Windows the process just ends, which loses nothing
            loop.add_signal_handler(number, stop)
