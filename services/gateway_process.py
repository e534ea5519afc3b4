"""The gateway as it runs in production: its work; beside it health, metrics, reload and a stop in good order."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from schemas.errors import AshiatoError, UsageError
from services.clock import utc_now
from services.gateway import Gateway, create_app
from services.gateway_kafka import KafkaIntake
from services.gateway_server import producers_of, server_of
from services.gateway_settings import GatewaySettings
from services.gateway_sink import Sink
from services.health import Check, Health
from services.http_server import HttpServer
from services.metrics import Metrics
from services.readiness import sink_takes
from services.settings import Settings
from services.stopping import Stopping, together

_log = logging.getLogger("ashiato.process")


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
    with stopping.at_most(gateway_settings(settings).grace_seconds):
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
