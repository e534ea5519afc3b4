"""``ashiato migrate``: bring the store's tables up to this version."""

from __future__ import annotations

import click

from services.cli_support import emit, example, json_option
from services.clock import utc_now
from services.settings import Settings
from services.settings_options import settings_options
from services.store import Store


@click.command(
    epilog=example(
        "ashiato migrate",
        "ashiato migrate --data-dir /var/lib/ashiato --json",
        "ASHIATO_STORE__URL=https://clickhouse:8443 ASHIATO_STORE__USER=migrator ashiato migrate",
    )
)
@settings_options
@json_option
def command(*, settings: Settings, as_json: bool) -> None:
    """Bring the store's tables up to this version; make the store if there is none. Running it again does no harm.

    The user of a server needs the right to make tables for this; recorders do not.
    """
    with _opened(settings) as store:
        rows = store.rows("SELECT name, applied_at, sha256 FROM migrations ORDER BY name")
    emit(rows, as_json=as_json)


def _opened(settings: Settings) -> Store:
    if settings.store:
        return Store.connect(settings.store, settings.data_dir, now=utc_now(), create=True, migrate=True)
    return Store.open(settings.data_dir, now=utc_now(), create=True, migrate=True)
