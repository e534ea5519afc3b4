"""A group of commands that are loaded when they are called, so that start-up and ``--help`` stay fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from services.runtime import collect_again


class LazyGroup(click.Group):
    """Loads the ``command`` of ``services.commands.<prefix><name>`` only when that command is called.

    Args:
        lazy: every command and its one-line help, in the order in which they are listed.
        prefix: what the names of their modules begin with.
        more: of `click.Group`.
    """

    def __init__(self, *, lazy: Mapping[str, str], prefix: str = "", **more: Any) -> None:
        super().__init__(**more)
        self._lazy = lazy
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the commands in the order of their table."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of that name; None if the table does not hold it."""
        if cmd_name not in self._lazy:
            return None
        module = importlib.import_module(f"services.commands.{self._prefix}{cmd_name}")
        command: click.Command = module.command
        if not isinstance(command, LazyGroup):  # such a one loads more
            collect_again()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lazy.items()))
