"""``ashiato run recorder``: Kafka in, evidence out."""

from __future__ import annotations

import asyncio

import click

from schemas.errors import PoisonedError
from services import logs
from services.cli_support import Failed, example
from services.clock import utc_now
from services.context import build_context
from services.interpretation_files import read_interpretations
from services.run_recorder import RunSettings, run_recorder
from services.settings import Settings
from services.settings_options import settings_options
from services.store import Store


@click.command(
    epilog=example(
        "ASHIATO_KAFKA__BOOTSTRAP=broker:9092 ashiato run recorder",
        "ashiato run recorder --config /etc/ashiato/recorder.yaml",
    )
)
@settings_options
def command(*, settings: Settings) -> None:
    """Make everything that Kafka holds evidence, until SIGTERM.

    It goes on behind what is recorded, whatever Kafka has committed. It stops (exit code 1) when a topic is not the one
    that was recorded before, or when too much cannot be read.
    """
    logs.set_up(settings.log.level)
    paths = settings.paths
    interpretations = read_interpretations(paths.interpretations) if paths.interpretations else None
    with Store.open(settings.data_dir, now=utc_now(), create=True) as store:
        context = build_context(
            store, now=utc_now(), interpretations=interpretations, salt_key=paths.salt_key, mmdb=paths.mmdb
        )
        try:
            asyncio.run(run_recorder(store, lambda: context, run_settings(settings)))
        except PoisonedError as error:
            raise Failed(error.what, where=error.where, why=error.why, todo=error.todo) from None


def run_settings(settings: Settings) -> RunSettings:
    """Return what a recorder takes of all settings."""
    return RunSettings(
        kafka=settings.kafka.client(),
        topics=settings.kafka.topics,
        consumer=settings.kafka.consumer(settings.recorder.drain_seconds),
        recorder=settings.recorder.sizes(),
    )
