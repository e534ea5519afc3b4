"""``ashiato run gateway``: CloudEvents over HTTP into Kafka."""

from __future__ import annotations

import click

from services import logs
from services.cli_support import example
from services.gateway_process import take_in
from services.process_command import run_to_its_end
from services.settings import Settings
from services.settings_options import settings_options


@click.command(
    epilog=example(
        "ASHIATO_GATEWAY__PRODUCERS_FILE=producers.yaml ashiato run gateway",
        "ashiato run gateway --config /etc/ashiato/gateway.yaml",
    )
)
@settings_options
def command(*, settings: Settings) -> None:
    """Take events in over HTTP and answer 202 once Kafka has them on all replicas that count, until SIGTERM.

    Health and metrics are on the same port.
    """
    logs.set_up(settings.log.level)
    run_to_its_end(take_in(settings))
