"""``ashiato preflight``: tell what would be said of an event, without recording it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from rich.console import RenderableType
from rich.text import Text

from schemas.errors import Place, SourceError
from schemas.findings import Level
from services.cli_support import cell, example, json_option, mmdb_option, to_json
from services.clock import utc_now
from services.explain_page import headline, page_section, reasons, show, ways
from services.interpretation_files import read_interpretations
from services.preflight import MAX_BYTES, against, batch_of, current_versions, no_event
from services.register_files import read_register
from services.settings import Settings
from services.settings_options import settings_options
from streams.adapt import FORMATS
from streams.explain import Explanation, Language
from streams.preflight import LEVELS, Verdict, preflight
from streams.register_versions import EMPTY_REGISTER

INLINE: Final = ("{", "[")
"""An EVENT that begins like this is the event itself."""
EVENT_FIELDS: Final = ("event.id", "event.kind", "event.time", "action", "operation")
READABLE: Final = click.Path(exists=True, path_type=Path)


@click.command(
    epilog=example(
        "ashiato preflight planned-transfer.json",
        "ashiato preflight - --register register/ < event.json",
        "ashiato preflight event.json --fail-on high --json",
        "ashiato preflight event.json --config server.yaml",
    )
)
@click.argument("event")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Log format; found out if not given.")
@click.option("--register", "register_path", type=READABLE, help="Judge with this register instead of the loaded one.")
@click.option(
    "--interpretations",
    "settings_path",
    type=READABLE,
    envvar="ASHIATO_INTERPRETATIONS",
    show_envvar=True,
    help="Judge with these settings instead of those used last.",
)
@mmdb_option
@click.option("--lang", "language", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.option("--facts", is_flag=True, help="Show every fact that the rules looked at, and where it comes from.")
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    default="medium",
    show_default=True,
    help="Exit with 1 if a rule of this level or above would be raised.",
)
@settings_options
@json_option
def command(
    event: str,
    *,
    form: str | None,
    register_path: Path | None,
    settings_path: Path | None,
    mmdb: Path | None,
    language: Language,
    facts: bool,
    fail_on: Level,
    settings: Settings,
    as_json: bool,
) -> int:
    """Tell what would be said of EVENT: a file, - for standard input, or the JSON itself.

    Nothing is recorded, and nothing is made. Use it before a transfer, or as a gate in a pipeline: the exit code is 1
    when a rule of the level --fail-on or above would be raised.
    """
    content, where = _read(event)
    batch = batch_of(content, where, form)
    register, answers = EMPTY_REGISTER, read_interpretations(settings_path)
    if register_path is None or settings_path is None:
        loaded, used = current_versions(settings.data_dir, utc_now(), settings.store)
        register, answers = loaded, answers if settings_path else used
    if register_path is not None:
        register = read_register([register_path])
    verdicts = preflight(batch, against(register, answers, mmdb or settings.paths.mmdb), language)
    if not verdicts:  # messages of a log, none of which holds an event
        raise no_event(where)
    if as_json:
        click.echo(to_json([_plain(verdict, fail_on) for verdict in verdicts]))
    else:
        for verdict in verdicts:
            show(_told(verdict, language, facts=facts))
        if register == EMPTY_REGISTER:
            click.echo("\nNo register was given or loaded, so everything is unknown: see --register", err=True)
    return int(any(_fails(verdict, fail_on) for verdict in verdicts))


def _read(event: str) -> tuple[bytes, Place]:
    """Return the bytes of EVENT, and what to call the place that they come from."""
    if event.lstrip().startswith(INLINE):
        return event.encode(), Place("EVENT")
    if event == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1), Place("standard input")
    todo = "name a file, - for standard input, or give the event itself as JSON"
    if not event:  # a variable of a script that is not set, and no directory
        raise SourceError("there is no event", where=Place("EVENT"), why="it is empty", todo=todo)
    try:
        with Path(event).open("rb") as file:
            return file.read(MAX_BYTES + 1), Place(event)
    except OSError as error:
        raise SourceError("the event cannot be read", where=Place(event), why=error.strerror or "", todo=todo) from None


def _fails(verdict: Verdict, fail_on: Level) -> bool:
    return verdict.level is not None and LEVELS.index(verdict.level) >= LEVELS.index(fail_on)


def _told(verdict: Verdict, language: Language, *, facts: bool) -> Iterator[RenderableType]:
    """Yield what would be said of one event, for people."""
    event = verdict.event
    yield Text(" ".join(cell(event[name]) for name in EVENT_FIELDS if event.get(name) is not None), style="bold")
    if not verdict.said:
        yield Text("  no rule would be raised")
    for said in verdict.said:
        yield Text("")
        yield headline(said)
        yield from reasons(said, language) if facts else _short(said, language)
    unknown = [f"{fact.column}  ({'; '.join(fact.sources)})" for fact in verdict.unknown]
    if unknown:
        yield from page_section("unknown", unknown, language)


def _short(said: Explanation, language: Language) -> Iterator[RenderableType]:
    """Yield why a rule would be raised, and what would make it pass."""
    known = [f"{fact.column} {cell(fact.value)}" for fact in said.about if fact.value is not None]
    yield from page_section("why", [said.reason, "; ".join(said.clauses), ", ".join(known)], language)
    yield from page_section("would_pass", [said.passes_if, *ways(said, language)], language)


def _plain(verdict: Verdict, fail_on: Level) -> dict[str, Any]:
    """Return a verdict as JSON data."""
    return {
        "event": {name: verdict.event.get(name) for name in EVENT_FIELDS},
        "passes": not _fails(verdict, fail_on),
        "level": verdict.level,
        "rules": [asdict(said) for said in verdict.said],
        "unknown": [asdict(fact) for fact in verdict.unknown],
    }
