"""The processes as they run in production: their work; beside it health, metrics, reload and a stop in good order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from schemas.errors import AshiatoError, StoreAwayError, UsageError
from services.clock import new_id, utc_now
from services.gateway import Gateway, create_app
from services.gateway_kafka import KafkaIntake
from services.gateway_server import producers_of, server_of
from services.gateway_settings import GatewaySettings
from services.gateway_sink import Sink
from services.health import Check, Health
from services.hot_reload import Judging
from services.http_server import HttpServer, plain_config
from services.logs import LogObserver
from services.metrics import Metrics
from services.observers import Observers
from services.readiness import StoreAnswers, Taking, register_loaded, sink_takes
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
        await together([work], [ops.run_until_stopped(), reloading(judging, settings, stopping)], stopping)
    finally:
        answers.close()


async def take_in(settings: Settings) -> None:
    """Take events in over HTTP and append them to Kafka until SIGTERM; health and metrics are on the same port.

    Raises:
        UsageError: the gateway has no settings, or its address cannot be listened at.
        InputError: the producers file or a TLS file cannot be used.
    """
    sink = KafkaIntake(settings.kafka.client().options(), gateway_settings(settings).max_pending_bytes)
    metrics, stopping = Metrics(utc_now), Stopping()
    stopping.listen()
    server = gateway_server(settings, sink, metrics, stopping, {"log": sink_takes(sink)})
    await together([server.run_until_stopped()], [], stopping)


def gateway_settings(settings: Settings) -> GatewaySettings:
    """Return the settings of the gateway.

    Raises:
        UsageError: there are none.
    """
    if settings.gateway is None:
        raise UsageError(
            "gateway.producers_file is not set", why="a gateway lets in nobody whom it does not know",
            todo="name a file of producers as ASHIATO_GATEWAY__PRODUCERS_FILE or in the file of --config",
        )  # fmt: skip
    return settings.gateway


def gateway_server(
    settings: Settings, sink: Sink, metrics: Metrics, stopping: Stopping, checks: Mapping[str, Check]
) -> HttpServer:
    """Return the gateway as a server that listens already; it ends when ``stopping`` says so.

    Args:
        settings: of all; ``gateway`` counts.
        sink: what it appends to.
        metrics: told of every request.
        stopping: tells it to stop; from then on it is not ready.
        checks: what has to hold for it to be ready.
    """
    of = gateway_settings(settings)
    gateway = Gateway(of, sink, producers_of(of), observe=metrics.handled)
    metrics.pending(lambda: gateway.pending_bytes)
    health = Health(metrics, checks)
    config = server_of(of, create_app(gateway, sink, health.routes())).config
    server = HttpServer(config, of.host, of.port)
    stopping.when(health.stopping)
    stopping.when(server.stop)
    stopping.at_hangup(lambda: read_producers_again(gateway, of, metrics))
    _log.info("taking events in", extra={"host": of.host, "port": server.port})
    return server


def read_producers_again(gateway: Gateway, settings: GatewaySettings, metrics: Metrics) -> None:
    """Let in whom the producers file names now; if it cannot be used, those that it named before."""
    try:
        gateway.producers = producers_of(settings)
    except AshiatoError as error:
        metrics.reloaded("producers", good=False)
        _log.error("the producers are refused, those before stay: %s", error, extra={"what": "producers"})
        return
    metrics.reloaded("producers", good=True)
    _log.info("the producers were read again", extra={"what": "producers"})


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
