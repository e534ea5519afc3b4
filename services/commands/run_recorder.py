"""``ashiato run recorder``: Kafka in, evidence out."""

from __future__ import annotations

import click

from services import logs
from services.cli_support import example
from services.process_command import run_to_its_end
from services.recorder_process import open_store, record
from services.settings import Settings
from services.settings_options import settings_options


@click.command(
    epilog=example(
        "ASHIATO_KAFKA__BOOTSTRAP=broker:9092 ashiato run recorder",
        "ashiato run recorder --config /etc/ashiato/recorder.yaml",
    )
)
@settings_options
def command(*, settings: Settings) -> None:
    """Make everything that Kafka holds evidence, until SIGTERM; health and metrics are on ops.port.

    It goes on behind what is recorded, whatever Kafka has committed. It stops (exit code 1) when a topic is not the one
    that was recorded before, or when too much cannot be read.
    """
    logs.set_up(settings.log.level)
    with open_store(settings) as store:
        run_to_its_end(record(settings, store))
