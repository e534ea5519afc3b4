"""Options of commands that are set up by settings: a file, and the environment over it.

What reads settings and what opens a store is imported when a command runs, so that help and checks are quick.
"""

from __future__ import annotations

import os
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from schemas.errors import AshiatoError
from services.cli_support import Command
from services.clock import utc_now

if TYPE_CHECKING:
    from services.settings import Settings
    from services.store import Store

_FILE: Final = click.Path(dir_okay=False, exists=True, path_type=Path)
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)


def settings_options(function: Command) -> Command:
    """Add ``--config`` and ``--data-dir``; the command gets ``settings``, a `services.settings.Settings`."""

    @wraps(function)
    def command(*, config: Path | None, data_dir: Path | None, **arguments: Any) -> Any:
        from services.settings_files import read_settings

        return function(settings=read_settings(config, data_dir=data_dir), **arguments)

    options = (
        click.option(
            "--data-dir", type=_FOLDER, envvar="ASHIATO_DATA_DIR", show_envvar=True,
            help="Where keys are kept, and the store unless `store.url` names a server; else the setting `data_dir`.",
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
        StoreAwayError: the server cannot be reached for now.
        StoreError: it cannot be opened, or is older or newer than this program.
    """
    return _opened(settings, create=False)


def store_to_fill(settings: Settings) -> Store:
    """Open the store that the settings name; an embedded one is made if there is none.

    A server's tables are made by `ashiato migrate` alone, under an account that may do that.

    Raises:
        StoreAwayError: the server cannot be reached for now.
        StoreError: it cannot be opened or made, or is older or newer than this program.
    """
    return _opened(settings, create=True)


def server_left_out(data_dir: Path) -> str | None:
    """Return what to tell whoever writes to a data directory although the settings name a server; None if they do not.

    Settings that cannot be used are not the business of a command that uses none.
    """
    from services.settings_files import read_settings

    config = os.environ.get("ASHIATO_CONFIG")
    try:
        settings = read_settings(Path(config) if config else None)
    except AshiatoError:
        return None
    if settings.store is None:
        return None
    return f"Everything is written to {data_dir}; {settings.store.url} (store.url) is left as it is."


def _opened(settings: Settings, *, create: bool) -> Store:
    from services.store import Store

    if settings.store:
        return Store.connect(settings.store, settings.data_dir, now=utc_now())
    return Store.open(settings.data_dir, now=utc_now(), create=create)
