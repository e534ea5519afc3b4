"""``ashiato run``: one process of the distributed shape each; every process has a module of its own."""

from __future__ import annotations

from typing import Final

import click

from services.cli_support import example
from services.lazy_group import LazyGroup

PROCESSES: Final = {
    "recorder": "Make everything that Kafka holds evidence, until told to stop.",
    "gateway": "Take events in over HTTP and append them to Kafka, until told to stop.",
}
"""Every process and its one-line help; ``services.commands.run_<name>`` is loaded only when it is called."""


@click.command(
    cls=LazyGroup,
    lazy=PROCESSES,
    prefix="run_",
    epilog=example(
        "ashiato run recorder --config /etc/ashiato/recorder.yaml",
        "ashiato run gateway --config /etc/ashiato/gateway.yaml",
    ),
)
def command() -> None:
    """Run one process of the distributed shape."""
