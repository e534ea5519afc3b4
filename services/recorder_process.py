"""The recorder as it runs in production: its work; beside it health, metrics, reload and a stop in good order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from schemas.errors import StoreAwayError
from services.clock import new_id, utc_now
from services.health import Health
from services.hot_reload import Judging
from services.http_server import HttpServer, plain_config
from services.logs import LogObserver
from services.metrics import Metrics
from services.observers import Observers
from services.readiness import StoreAnswers, Taking, register_loaded
from services.recording import FIRST_WAIT, LONGEST_WAIT
from services.run_recorder import RunSettings, run_recorder
from services.settings import OpsSection, Settings
from services.stopping import Stopping, together
from services.store import Store

_log = logging.getLogger("ashiato.process")


def open_store(settings: Settings, sleep: Callable[[float], None] = time.sleep) -> Store:
    """Open the store that the settings name; an embedded one is made if there is none, a server is waited for.

    Raises:
        StoreError: it cannot be opened, or is older or newer than this program.
    """
    wait = FIRST_WAIT
    while settings.store:
        try:
            return Store.connect(settings.store, settings.data_dir, now=utc_now())
        except StoreAwayError as error:
            _log.warning("%s; trying again", error, extra={"stage": "start", "seconds": wait})
            sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
    return Store.open(settings.data_dir, now=utc_now(), create=True)


async def record(settings: Settings, store: Store) -> None:
    """Record what is in Kafka until SIGTERM, with health and metrics on ``ops.port``.

    Args:
        settings: of all; ``kafka``, ``recorder``, ``paths`` and ``ops`` count.
        store: an open store; the caller closes it.

    Raises:
        EvidenceError: a topic is not the one that was recorded before.
        AshiatoError: whatever else ends a recorder.
    """
    metrics, stopping, taking, answers = Metrics(utc_now), Stopping(), Taking(), StoreAnswers(store)
    stopping.listen()
    judging = Judging(store, settings.paths, metrics, now=utc_now, new_id=new_id)
    register = register_loaded(judging.context)
    health = Health(metrics, {"assigned": taking.check, "store": answers.check, "register": register})
    stopping.when(health.stopping)
    ops = ops_server(health, settings.ops)
    work = run_recorder(
        store, judging.context, run_settings(settings),
        observer=Observers(metrics, LogObserver(), taking), until=stopping.when,
    )  # fmt: skip
    try:
        with stopping.at_most(settings.recorder.grace_seconds):
            await together([work], [ops.run_until_stopped(), reloading(judging, settings, stopping)], stopping)
    finally:
        answers.close()


def ops_server(health: Health, ops: OpsSection) -> HttpServer:
    """Return a server of health and metrics alone, which listens already; it goes on while the process stops."""
    server = HttpServer(plain_config(health.app()), ops.host, ops.port)
    _log.info("health and metrics", extra={"host": ops.host, "port": server.port})
    return server


async def reloading(judging: Judging, settings: Settings, stopping: Stopping) -> None:
    """Look for changes of what is judged with, until cancelled; SIGHUP makes it look at once."""
    now = asyncio.Event()
    stopping.at_hangup(now.set)
    await judging.watch(settings.paths.watch_seconds, now)


def run_settings(settings: Settings) -> RunSettings:
    """Return what a recorder takes of all settings."""
    return RunSettings(
        kafka=settings.kafka.client(),
        topics=settings.kafka.topics,
        consumer=settings.kafka.consumer(settings.recorder.drain_seconds),
        recorder=settings.recorder.sizes(),
    )
