"""``ashiato migrate``: bring the store's tables up to this version."""

from __future__ import annotations

from pathlib import Path

import click

from services.cli_support import data_dir_option, emit, example, json_option
from services.clock import utc_now
from services.store import Store


@click.command(epilog=example("ashiato migrate", "ashiato migrate --data-dir /var/lib/ashiato --json"))
@data_dir_option
@json_option
def command(*, data_dir: Path, as_json: bool) -> None:
    """Bring the store's tables up to this version; make the store if there is none. Running it again does no harm."""
    with Store.open(data_dir, now=utc_now(), create=True, migrate=True) as store:
        rows = store.rows("SELECT name, applied_at, sha256 FROM migrations ORDER BY name")
    emit(rows, as_json=as_json)
