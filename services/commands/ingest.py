"""``ashiato ingest``: read logs, judge every event, keep the evidence."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from schemas.errors import ManyErrors
from schemas.register import Register
from services.amounts import counted
from services.cli_support import (
    DEFAULT_DATA_DIR,
    console,
    data_dir_option,
    emit,
    example,
    json_option,
    mmdb_option,
    to_json,
)
from services.clock import new_id, utc_now
from services.context import build_context
from services.ingest import FileSummary, Ingest, Summary
from services.interpretation_files import read_interpretations
from services.register_store import current_register
from services.settings_options import server_left_out
from services.sources import BatchLimits
from services.store import Store
from streams.adapt import FORMATS

COLUMNS: Final = ("file", "format", "new_messages", "known", "events", "dead_letters", "findings")
READABLE: Final = click.Path(dir_okay=False, exists=True, path_type=Path)


class _FilePath(click.Path):
    """A file's path, or - for standard input; an empty one would mean this directory, which nobody means.

    Whether the file can be read is found out on reading it: one that cannot must not keep the others from being read.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fail if there is none."""
        if value == "":
            self.fail("the path is empty; name a file, or - for standard input", param, ctx)
        return super().convert(value, param, ctx)


@click.command(
    epilog=example(
        "ashiato ingest access.ndjson",
        "ashiato ingest cloudtrail/*.json.gz --format cloudtrail",
        "zcat events.gz | ashiato ingest -",
    )
)
@click.argument("files", nargs=-1, required=True, type=_FilePath(readable=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Format of the logs; found out from the first message if not given.",
)
@click.option("--as-new", is_flag=True, help="Record a file beside one that begins with the same messages.")
@click.option(
    "--interpretations",
    "settings",
    type=READABLE,
    envvar="ASHIATO_INTERPRETATIONS",
    show_envvar=True,
    help="YAML file with the settings that differ from the defaults; else those used last.",
)
@click.option("--salt-key", type=READABLE, envvar="ASHIATO_SALT_KEY", show_envvar=True, help="File of the salt key.")
@mmdb_option
@data_dir_option
@json_option
def command(
    files: tuple[Path, ...],
    *,
    form: str | None,
    as_new: bool,
    settings: Path | None,
    salt_key: Path | None,
    mmdb: Path | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Read logs (files, or - for standard input), judge every event, keep the evidence.

    The same file again adds nothing, an interrupted one goes on where it stopped, a grown one continues. No register is
    needed: without one everything is unknown, and is said to be. All is written to the data directory, also if
    `store.url` names a server; what feeds a server is `ashiato run recorder`.
    """
    if elsewhere := server_left_out(data_dir):
        click.echo(elsewhere, err=True)
    interpretations = read_interpretations(settings) if settings else None
    with Store.open(data_dir, now=utc_now(), create=True) as store:
        context = build_context(store, now=utc_now(), interpretations=interpretations, salt_key=salt_key, mmdb=mmdb)
        with _progress() as progress:
            ingest = Ingest(
                store, context, now=utc_now, new_id=new_id, limits=BatchLimits(rows=20_000), progress=progress
            )
            summary = ingest.files(files, form=form, as_new=as_new)
        register = current_register(store)
    if as_json:
        click.echo(to_json(as_data(summary)))
    elif any(one.opened for one in summary.files):
        _tell(summary, register, data_dir)
    for hint in _hints(summary, form, data_dir):
        click.echo(hint, err=True)
    errors = [one.error for one in summary.files if one.error]
    if errors:
        raise ManyErrors("not every file could be read to its end", errors)


def as_data(summary: Summary) -> dict[str, Any]:
    """Return a summary as JSON data."""
    files = [{**asdict(one), "error": str(one.error) if one.error else None} for one in summary.files]
    return {"files": files, "rules": dict(sorted(summary.rules.items())), "seconds": round(summary.seconds, 3)}


@contextmanager
def _progress() -> Iterator[Callable[[FileSummary], None]]:
    """Show how far the reading is, on a terminal; say nothing elsewhere."""
    screen = console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("reading")

        def show(one: FileSummary) -> None:
            text = f"{Path(one.path).name}: {counted(one.messages, 'message')}, {counted(one.findings, 'finding')}"
            bar.update(task, description=text)

        yield show


def _tell(summary: Summary, register: Register, data_dir: Path) -> None:
    """Print for people what came in and what was said of it."""
    rows = [
        {
            "file": one.path,
            "format": one.format,
            "new_messages": f"{one.messages:,}",
            "known": f"{one.known:,}",
            "events": f"{one.events:,}",
            "dead_letters": f"{one.dead_letters:,}",
            "findings": f"{one.findings:,}",
        }
        for one in summary.files
    ]
    emit(rows, as_json=False, columns=COLUMNS)
    for remark in _remarks(summary, register, data_dir):
        click.echo(remark)


def _hints(summary: Summary, form: str | None, data_dir: Path) -> Iterator[str]:
    """Yield what to do about files of which nothing could be read, if their format was named.

    Recording the file anew is what helps: the same file again is known and adds nothing, and what was taken apart by
    another format need not be whole messages, which alone can be played again.
    """
    for one in summary.files:
        if form and one.dead_letters and not one.events + one.known:
            again = f"ashiato ingest {shlex.quote(one.path)} --as-new{_there(data_dir)}"
            yield f"{one.path}: every message became a dead letter; if --format {form} was wrong: {again}"


def _there(data_dir: Path) -> str:
    """Return what leads a command to the same data directory."""
    return "" if data_dir == Path(DEFAULT_DATA_DIR) else f" --data-dir {shlex.quote(str(data_dir))}"


def _remarks(summary: Summary, register: Register, data_dir: Path) -> Iterator[str]:
    """Yield what a reader of the table should know besides."""
    there = _there(data_dir)
    events = summary.total("events")
    rate = f" ({events / summary.seconds:,.0f} events/s)" if events and summary.seconds else ""
    yield f"{counted(events, 'event')}, {counted(summary.findings, 'finding')} in {summary.seconds:.1f} s{rate}."
    if register == Register():
        yield f"No register is loaded, so every asset, party and country is unknown: ashiato register gaps{there}"
    if odd := summary.total("odd_times"):
        yield f"The time of {counted(odd, 'event')} is before 2000 or more than a day from now."
    if summary.total("dead_letters"):
        query = shlex.quote("SELECT reason, text FROM dead_letters LIMIT 10")
        yield f"Messages that cannot be read are kept: ashiato query {query}{there}"
    for one in summary.files:
        if one.opened and not (one.error or one.known or one.events or one.dead_letters or one.waiting):
            yield f"{one.path} holds no event."
        if one.waiting:
            end = f"{one.path}: its end, {counted(one.waiting, 'byte')}, is an unfinished message and not recorded."
            yield end + (" Send the whole again once it is complete." if one.path == "-" else " It waits for its rest.")
    if summary.findings:
        yield f"See what was raised: ashiato flags list{there}"
