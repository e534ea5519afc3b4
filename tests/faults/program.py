"""A recorder in a process of its own, which ends itself with SIGKILL where it is told to: `run` is what it runs.

The one argument is a `Plan` as JSON. What happens is told on standard output, a JSON object a line; errors of ours end
it with exit code 1 and their text, as on the command line. It judges with `tests.support.stores.context`, so that the
oracle can do the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from pydantic import SecretStr

from schemas.errors import AshiatoError
from services.clock import new_id, utc_now
from services.kafka_client import KafkaSettings
from services.kafka_source import ConsumerSettings
from services.log import Partition
from services.observer import Observer
from services.recorder import RecorderSettings
from services.recording import Prepared
from services.run_recorder import RunSettings, run_recorder
from services.store import Store
from services.store_settings import StoreSettings
from streams.outgoing import Kind
from tests.support.front_login import PASSWORD, USER
from tests.support.stores import context

REQUEST_SECONDS: Final = 3
"""So long a server may take to answer a recorder."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recorder process is to do.

    Attributes:
        bootstrap: the broker.
        topics: what is recorded.
        out: where findings, activity and dead letters go.
        group: recorders of one group share the partitions.
        data: data directory: the store, or the keys of one that is a server.
        server: its address; empty: the embedded store.
        batch_rows: size of a batch.
        kill_at: point between two steps at which it ends itself, see `services.recorder.Recorder`; empty: nowhere.
        kill_after: at the so-manieth time it comes there.
        kill_by: signal that it sends itself there: SIGKILL, or SIGSTOP to become a zombie.
        clock_back: seconds by which its clock stands behind.
        session_ms: after so long without a sign of it the group takes it for dead.
        limits: more of `services.recorder.RecorderSettings`.
    """

    bootstrap: str
    topics: list[str]
    out: dict[Kind, str]
    group: str
    data: str
    server: str = ""
    batch_rows: int = 100
    kill_at: str = ""
    kill_after: int = 1
    kill_by: int = signal.SIGKILL
    clock_back: int = 0
    session_ms: int = 3_000
    limits: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return it as the program's argument."""
        return json.dumps(asdict(self))


class Teller(Observer):
    """Tells what happens, a line each."""

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Tell what is assigned."""
        tell("assigned", partitions=[[one.source, one.number] for one in partitions])

    def resumed(self, partition: Partition, offset: int) -> None:
        """Tell where it goes on: everything before is recorded."""
        tell("resumed", source=partition.source, partition=partition.number, next=offset)

    def recorded(self, prepared: Sequence[Prepared]) -> None:
        """Tell what counts now."""
        for one in prepared:
            tell("recorded", source=one.range.source, partition=one.range.partition, next=one.range.last + 1)

    def retried(self, stage: str, error: AshiatoError, wait: float) -> None:
        """Tell what is away."""
        tell("retried", stage=stage, error=str(error), wait=wait)

    def warned(self, text: str) -> None:
        """Tell what a person should know."""
        tell("warned", text=text)


def tell(what: str, **more: Any) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps({"what": what, **more}) + "\n")
    sys.stdout.flush()


def run(argument: str) -> None:
    """Record by a plan in JSON; errors of ours become exit code 1 and their text."""
    try:
        main(Plan(**json.loads(argument)))
    except AshiatoError as error:
        sys.exit(str(error))


def main(plan: Plan) -> None:
    """Record until SIGTERM, or until the plan says to die."""
    back = dt.timedelta(seconds=plan.clock_back)

    def now() -> dt.datetime:
        return utc_now() - back

    with (
        patch.multiple("services.run_recorder", utc_now=now, new_id=lambda: _id(now())),
        open_store(Path(plan.data), plan.server, now=now(), seconds=REQUEST_SECONDS) as store,
    ):
        asyncio.run(_record(plan, store))


def open_store(data: Path, server: str, *, now: dt.datetime, seconds: int = 60) -> Store:
    """Return the store of a data directory, or of a server; a new one gets its tables."""
    if not server:
        return Store.open(data, now=now, create=True)
    settings = StoreSettings(
        url=server, user=USER, password=SecretStr(PASSWORD), connect_seconds=2, request_seconds=seconds
    )
    return Store.connect(settings, data, now=now, create=True)


async def _record(plan: Plan, store: Store) -> None:
    settings = RunSettings(
        kafka=KafkaSettings(plan.bootstrap, request_timeout_ms=5_000),
        topics=plan.topics,
        consumer=ConsumerSettings(
            group=plan.group,
            session_timeout_ms=plan.session_ms,
            heartbeat_ms=300,
            drain_ms=10_000,
            metadata_ms=500,
            rest_above=100,
        ),
        recorder=RecorderSettings(
            batch_rows=plan.batch_rows, batch_ms=50, drain_seconds=5, grace_seconds=10, **plan.limits
        ),
        out=plan.out,
    )
    tell("started")
    mortal = Mortal(plan.kill_at, plan.kill_after, plan.kill_by)
    await run_recorder(store, context, settings, observer=Teller(), checkpoint=mortal)


class Mortal:
    """Ends the process, as a power cut would, or stops it, at the n-th time that it comes to a point."""

    def __init__(self, point: str, count: int, number: int) -> None:
        self._point = point
        self._left = count
        self._signal = number

    def __call__(self, point: str) -> None:
        """Come to a point."""
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), self._signal)


def _id(now: dt.datetime) -> str:
    """Return a name as `services.clock.new_id` does, by another clock."""
    return f"{int(now.timestamp() * 1000):012x}-{new_id().partition('-')[2]}"
