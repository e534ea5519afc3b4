"""``ashiato doctor``: check the installation and the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from services.cli_support import example, json_option, to_json
from services.clock import utc_now
from services.doctor import Check, State, check_machine
from services.doctor_server import check_server
from services.doctor_store import check_mmdb, check_rules, check_store
from services.settings import Settings
from services.settings_options import settings_options

COLOURS: Final[dict[State, str]] = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(
    epilog=example(
        "ashiato doctor",
        "ashiato doctor --data-dir /var/lib/ashiato --json",
        "ASHIATO_STORE__URL=https://clickhouse:8443 ASHIATO_STORE__USER=analyst ashiato doctor",
    )
)
@click.option(
    "--mmdb",
    type=click.Path(path_type=Path),
    envvar="ASHIATO_MMDB",
    show_envvar=True,
    help="Your file of address → country.",
)
@settings_options
@json_option
def command(*, mmdb: Path | None, settings: Settings, as_json: bool) -> int:
    """Check the installation and the store; say what is wrong and what to do about it.

    The store is the data directory, or the server that `store.url` names: whether it is reached and over TLS, which
    version it is, what the account may do, its clock, its tables. Nothing is changed. The exit code is 1 if something
    fails; a warning is no failure.
    """
    checks = list(_checks(settings, mmdb or settings.paths.mmdb))
    failed = sum(check.state == "fail" for check in checks)
    if as_json:
        click.echo(to_json([asdict(check) for check in checks]))
        return int(failed > 0)
    for check in checks:
        _print(check)
    warned = sum(check.state == "warn" for check in checks)
    click.echo(f"{len(checks)} checks: {failed} failed, {warned} to look at.")
    return int(failed > 0)


def _print(check: Check) -> None:
    """Print what a check found, and below it what to do."""
    state = click.style(f"{check.state:<5}", fg=COLOURS[check.state])
    click.echo(f"{state} {check.name:<16}{check.says}")
    if check.todo:
        click.echo(f"{'':22}→ {check.todo}")


def _checks(settings: Settings, mmdb: Path | None) -> Iterator[Check]:
    now = utc_now()
    yield from check_machine(settings.data_dir, now, server=settings.store is not None)
    yield check_rules()
    yield check_mmdb(mmdb)
    if settings.store:
        yield from check_server(settings.store, settings.data_dir, utc_now)
    else:
        yield from check_store(settings.data_dir, now, settings.paths.salt_key)
