"""Options of commands that are set up by settings: a file, and the environment over it."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from services.cli_support import Command
from services.clock import utc_now
from services.settings import Settings
from services.settings_files import read_settings
from services.store import Store

_FILE: Final = click.Path(dir_okay=False, exists=True, path_type=Path)
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)


def settings_options(function: Command) -> Command:
    """Add ``--config`` and ``--data-dir``; the command gets ``settings``, a `services.settings.Settings`."""

    @wraps(function)
    def command(*, config: Path | None, data_dir: Path | None, **arguments: Any) -> Any:
        return function(settings=read_settings(config, data_dir=data_dir), **arguments)

    options = (
        click.option(
            "--data-dir", type=_FOLDER, help="Where keys and the embedded store are kept; else the setting `data_dir`."
        ),
        click.option(
            "--config", type=_FILE, envvar="ASHIATO_CONFIG", show_envvar=True,
            help="YAML file of settings; ASHIATO_… of the environment goes before it.",
        ),
    )  # fmt: skip
    decorated: Any = command
    for option in options:
        decorated = option(decorated)
    result: Command = decorated
    return result


def existing_store(settings: Settings) -> Store:
    """Open the store that the settings name; it has to be there.

    Raises:
        UsageError: there is none.
        StoreError: it cannot be opened, or is older or newer than this program.
    """
    if settings.store:
        return Store.connect(settings.store, settings.data_dir, now=utc_now())
    return Store.open(settings.data_dir, now=utc_now())
