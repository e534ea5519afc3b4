"""``ashiato serve``: gateway, recorder and store in one process."""

from __future__ import annotations

import click

from schemas.errors import Place, StoreBusyError, UsageError
from services import logs
from services.cli_support import example
from services.gateway_process import gateway_settings
from services.process_command import run_to_its_end
from services.recorder_process import open_store
from services.serve import serve
from services.settings import Settings
from services.settings_options import settings_options
from services.store_connectors import Embedded


@click.command(
    epilog=example(
        "ASHIATO_GATEWAY__PRODUCERS_FILE=producers.yaml ashiato serve",
        "ashiato serve --config ashiato.yaml --data-dir /var/lib/ashiato",
    )
)
@settings_options
def command(*, settings: Settings) -> None:
    """Take events in over HTTP and make them evidence in the data directory, until SIGTERM; all on one port.

    It may be ended at any time and in any way: what was answered with 202 becomes evidence, once. While it runs, the
    other commands work on the same data directory through it.
    """
    if settings.store:
        raise UsageError(
            "serve has its store in the data directory", why="store.url names a server",
            todo="leave it out, or use `ashiato run recorder` and `ashiato run gateway`",
        )  # fmt: skip
    gateway_settings(settings)
    logs.set_up(settings.log.level)
    with open_store(settings) as store:
        if not isinstance(store.connector, Embedded):  # that store is reached through another `ashiato serve`
            what, where = "another process serves this data directory", Place(str(settings.data_dir))
            raise StoreBusyError(what, where=where, todo="stop it first, or name another one with --data-dir")
        run_to_its_end(serve(settings, store))
