"""``ashiato run``: one process of the distributed shape each; every process has a module of its own."""

from __future__ import annotations

import importlib
from typing import Final

import click

PROCESSES: Final = {
    "recorder": "Make everything that Kafka holds evidence, until told to stop.",
    "gateway": "Take events in over HTTP and append them to Kafka, until told to stop.",
}
"""Every process and its one-line help; ``services.commands.run_<name>`` is loaded only when it is called."""


class _Processes(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(PROCESSES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in PROCESSES:
            return None
        command: click.Command = importlib.import_module(f"services.commands.run_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(PROCESSES.items()))


@click.group(cls=_Processes)
def command() -> None:
    """Run one process of the distributed shape."""
