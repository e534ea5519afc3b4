"""``ashiato deadletters``: what could not be read, and playing it again after a fix."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import click

from services.acts import record_done, record_read
from services.cli_support import emit, example, json_option
from services.clock import new_id, utc_now
from services.context import build_context
from services.dead_letters import Letter, Playing, Selection, letters, listed, playable
from services.replay import into_store, topics_again
from services.settings import Settings
from services.settings_options import existing_store, settings_options
from services.store import Store
from services.topics import topic_of

COLUMNS: Final = ("source", "partition", "offset", "part", "reason", "text", "bytes", "recorded_at")
Command = TypeVar("Command", bound=Callable[..., object])


def _selection(function: Command) -> Command:
    """Add the options that select dead letters."""
    with_reason = click.option("--reason", default="", help="For this reason only, for example invalid-json.")(function)
    return click.option("--source", default="", help="Of this source only, for example kafka:audit.events.")(
        with_reason
    )


@click.group(
    epilog=example("ashiato deadletters list --reason invalid-time", "ashiato deadletters replay --reason invalid-time")
)
def command() -> None:
    """List what could not be read, and play it again after a fix."""


@command.command("list", epilog=example("ashiato deadletters list --reason invalid-time"))
@_selection
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="How many at most.")
@settings_options
@json_option
def list_(*, source: str, reason: str, limit: int, settings: Settings, as_json: bool) -> None:
    """List dead letters: where, why, and what to do. Their bytes are not shown."""
    with existing_store(settings) as store:
        rows = listed(store, Selection(source, reason), limit)
        asked = f"deadletters list --source '{source}' --reason '{reason}'"
        record_read(store, asked, len(rows), now=utc_now(), new_id=new_id)
    emit(rows, as_json=as_json, columns=COLUMNS, empty="nothing that could not be read")


@command.command(epilog=example("ashiato deadletters replay --source kafka:audit.raw.cloudtrail --dry-run"))
@_selection
@click.option("--dry-run", is_flag=True, help="Only tell what would become of them.")
@settings_options
@json_option
def replay(*, source: str, reason: str, dry_run: bool, settings: Settings, as_json: bool) -> None:
    """Play dead letters again that can be read by now, after a fix of an adapter or a limit.

    Those of a topic are sent to that topic again, those of files are recorded beside their file. The dead letter itself
    stays as it is. What is evidence already is left out, so that playing twice adds nothing, once what was played first
    is recorded. The same id with other content is another event, and is played.
    """
    outcome = Playing()
    with existing_store(settings) as store:
        found = (playable(store, some, outcome) for some in letters(store, Selection(source, reason)))
        if dry_run:
            for _ in found:
                pass
        else:
            what = f"deadletters replay --source '{source}' --reason '{reason}'"
            record_done(store, "dead_letters_replayed", what, 0, now=utc_now(), new_id=new_id)
            asyncio.run(_play(store, settings, found))
    rows: list[dict[str, object]] = [
        {"outcome": "would be played again" if dry_run else "played again", "letters": outcome.played},
        {"outcome": "evidence already", "letters": outcome.known},
        {"outcome": "not kept whole", "letters": outcome.cut},
        *({"outcome": f"still {slug}", "letters": count} for slug, count in sorted(outcome.still.items())),
    ]
    emit(rows, as_json=as_json)


async def _play(store: Store, settings: Settings, found: Iterable[list[Letter]]) -> None:
    """Send letters where they belong; Kafka is asked only if there are letters of a topic."""
    context = build_context(store, now=utc_now(), salt_key=settings.paths.salt_key, mmdb=settings.paths.mmdb)
    for some in found:
        of_topics = [letter for letter in some if topic_of(letter.source)]
        of_files = [letter for letter in some if not topic_of(letter.source)]
        if of_topics:
            async with topics_again(settings.kafka.client()) as topics:
                await topics.play(of_topics)
        into_store(store, context, of_files, now=utc_now, new_id=new_id)
