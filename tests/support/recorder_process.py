"""A recorder as a process that can be killed at a point of its work: `process` starts it with a plan.

The plan is one JSON object:

    data        data directory
    bootstrap   the broker
    topics      what is recorded
    out         findings, activity and deadletter → topic
    group       consumer group
    kill        name of a checkpoint, or absent (see below)
    times       it is killed when it comes there for the so-manieth time
    recorder    settings of `RecorderSettings` that differ from those below
    consumer    the same of `ConsumerSettings`

Points: ``read``, ``prepared``, ``rows``, ``acknowledged``, ``ranges``, ``committed``; of the identity review those of
`REVIEW_POINTS`. It ends by SIGKILL there, as in a power cut; by SIGTERM as in life. Exit code 3: it stopped by itself, and says why on stderr.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from schemas.errors import AshiatoError
from services.kafka_client import KafkaSettings
from services.kafka_source import ConsumerSettings
from services.recorder import RecorderSettings
from services.run_recorder import RunSettings, run_recorder
from tests.support.forked import Forked
from tests.support.stores import context, made_store

POINTS: Final = ("read", "prepared", "rows", "acknowledged", "ranges", "committed")
REVIEW_POINTS: Final = (
    "review: grown", "review: rows", "review: acknowledged", "review: ranges", "review: reviewed",
)  # fmt: skip
STOPPED: Final = 3
RECORDER: Final = {"batch_rows": 100, "batch_ms": 50, "drain_seconds": 5, "grace_seconds": 10}
CONSUMER: Final = {
    "session_timeout_ms": 6_000, "heartbeat_ms": 300, "drain_ms": 10_000, "metadata_ms": 500, "rest_above": 100,
}  # fmt: skip


def mortal(kill: str | None, times: int) -> Callable[[str], None]:
    """Return a checkpoint that ends the process at the ``times``-th visit of a point."""
    left = times

    def checkpoint(name: str) -> None:
        nonlocal left
        if name == kill:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


def settings(given: dict[str, Any]) -> RunSettings:
    """Return the settings that a test asks for."""
    return RunSettings(
        kafka=KafkaSettings(given["bootstrap"]),
        topics=given["topics"],
        consumer=ConsumerSettings(group=given["group"], **(CONSUMER | given.get("consumer", {}))),
        recorder=RecorderSettings(**(RECORDER | given.get("recorder", {}))),
        out=given["out"],
    )


def main(argument: str) -> None:
    """Record until told to stop, or killed."""
    given = json.loads(argument)
    with made_store(Path(given["data"])) as store:
        try:
            checkpoint = mortal(given.get("kill"), given.get("times", 1))
            asyncio.run(run_recorder(store, context, settings(given), checkpoint=checkpoint))
        except AshiatoError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(STOPPED)


def process(given: dict[str, Any], folder: Path) -> Forked:
    """Start one; what it says is in files of the folder, that on standard error in ``err``."""
    return Forked(main, json.dumps(given), out=folder / "out", err=folder / "err")
