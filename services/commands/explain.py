"""``ashiato explain``: tell why a flag was raised, from which facts, under which clause."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from services.acts import record_read
from services.cli_support import example, json_option, restricted_option, to_json
from services.clock import new_id, utc_now
from services.context import builtin_rulebook
from services.explain import explain_flag
from services.explain_page import page, show
from services.flags import also_restricted, find_flag, sees_restricted
from services.settings import Settings
from services.settings_options import existing_store, settings_options
from streams.explain import Language


@click.command(
    epilog=example(
        "ashiato explain 1f0c9a7e52d3b846",
        "ashiato explain 1f0c --event 2 --lang ja",
        "ashiato explain 1f0c --json",
        "ashiato explain 1f0c --config server.yaml",
    )
)
@click.argument("flag")
@click.option(
    "--event", "number", type=click.IntRange(min=1), default=1, show_default=True, help="Which of its events."
)
@restricted_option
@click.option("--lang", "language", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.option(
    "--mmdb",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    envvar="ASHIATO_MMDB",
    show_envvar=True,
    help="Your file of address → country.",
)
@settings_options
@json_option
def command(
    flag: str,
    *,
    number: int,
    restricted: bool,
    language: Language,
    mmdb: Path | None,
    settings: Settings,
    as_json: bool,
) -> None:
    """Tell why FLAG (its id, or the beginning of it) was raised.

    The event is looked up again with the register and the settings that judged it: every fact that the rule looked at
    with its value and where it comes from, the clause, what would have made it pass, and how two Acts read it.
    """
    mmdb = mmdb or settings.paths.mmdb
    with existing_store(settings) as store:
        rulebook = builtin_rulebook()
        found = find_flag(store, rulebook, flag, restricted=sees_restricted(store, asked=restricted))
        explained = explain_flag(store, rulebook, found, number=number, language=language, mmdb=mmdb)
        asked = f"explain {found['id']} --event {number}{also_restricted(found['rule'])}"
        record_read(store, asked, 1, now=utc_now(), new_id=new_id)
    if as_json:
        click.echo(to_json({"flag": found, **asdict(explained)}))
        return
    show(page(explained, language))
