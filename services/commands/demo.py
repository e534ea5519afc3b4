"""``ashiato demo``: a day of the example carrier, from its logs to its flags."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
from rich.console import Console

from services.acts import user_name
from services.cli_support import example
from services.clock import new_id, utc_now
from services.demo import DEFAULT_DATA_DIR, example_carrier, play
from services.demo_report import WIDTH, report
from services.settings_options import server_left_out

MOST_EVENTS: Final = 5_000_000


@click.command(epilog=example("ashiato demo", "ashiato demo --events 200000 --data-dir larger"))
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="Where the day's logs and its evidence are kept.",
)
@click.option(
    "--register",
    "register_path",
    type=click.Path(exists=True, path_type=Path),
    help="Another register than the carrier's own, to see what it changes.",
)
@click.option(
    "--events",
    type=click.IntRange(0, MOST_EVENTS),
    help="Messages of ordinary work; the story comes on top.  [default: 24000]",
)
def command(data_dir: Path, register_path: Path | None, events: int | None) -> None:
    """Play a day of the small example carrier and tell what was found.

    Writes the logs of the day, loads the carrier's register, ingests the logs and reads the evidence. Played again, it
    adds nothing: what is recorded already is recognised. All of it stays in the data directory, also if `store.url`
    names a server.
    """
    if elsewhere := server_left_out(data_dir):
        click.echo(elsewhere, err=True)
    console = Console(width=WIDTH, highlight=False, markup=False)
    console.print("A day at Tsubame Telecom, a carrier that does not exist: Monday, 2 November 2026.", style="bold")
    played = play(
        example_carrier(),
        data_dir,
        register_path=register_path,
        events=events,
        who=user_name(),
        now=utc_now,
        new_id=new_id,
        say=console.print,
    )
    for part in report(played.day, played.rulebook, data_dir):
        console.print(part)
