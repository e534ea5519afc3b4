"""``ashiato register``: check, load, show and compare registers; list what the register would have to say.

``check`` needs no store, so what opens one is imported only by the commands that do: a check in an editor is quick.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import yaml

from schemas.base import TOKYO
from schemas.errors import AshiatoError, ManyErrors, UsageError
from schemas.register import Entry, Register
from services.amounts import counted
from services.cli_support import Failed, emit, example, json_option, to_json
from services.register_files import RegisterFiles, read_register, survey_register
from services.settings_options import existing_store, settings_options, store_to_fill
from streams.register_diff import diff
from streams.register_gaps import GAP_KINDS, together
from streams.register_references import SINGULAR, closest
from streams.register_versions import PARTS, content_sha256, entries, key_of, valid_at

if TYPE_CHECKING:
    from services.register_store import Doer
    from services.settings import Settings

SOURCE: Final = click.Path(exists=True, path_type=Path)


@click.group(
    epilog=example(
        "ashiato register check register/",
        "ashiato register load register/",
        "ashiato register gaps --config server.yaml",
    )
)
def command() -> None:
    """Check, load, show and compare the register; list its gaps."""


@command.command(epilog=example("ashiato register check register/"))
@click.argument("paths", nargs=-1, required=True, type=SOURCE)
@json_option
def check(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Read a register and tell everything that does not hold, with file, line and column."""
    found = survey_register(paths)
    if as_json:
        click.echo(to_json(_outcome(found)))
    else:
        for warning in found.warnings:
            click.echo(f"warning: {warning}", err=True)
    if found.errors:
        raise Failed(str(ManyErrors("the register does not hold", found.errors)))
    if not as_json:
        click.echo(f"The register holds: {_summary(found.register)}, {counted(len(found.warnings), 'warning')}.")


def _outcome(found: RegisterFiles) -> dict[str, Any]:
    """Return the outcome of a check as JSON data."""
    return {
        "holds": not found.errors,
        "sha256": content_sha256(found.register) if not found.errors else None,
        "files": found.files,
        "errors": [_problem(error) for error in found.errors],
        "warnings": [_problem(warning) for warning in found.warnings],
    }


def _problem(error: AshiatoError) -> dict[str, Any]:
    where = error.where
    place = {"path": where.path, "line": where.line, "column": where.column} if where else {}
    return {**place, "what": error.what, "why": error.why, "todo": error.todo}


def _summary(register: Register) -> str:
    counts = [(part, len(getattr(register, part))) for part in PARTS]
    parts = ", ".join(_counted(count, part.replace("_", " ")) for part, count in counts if count)
    return f"{parts or 'no entry'}; version {content_sha256(register)[:12]}"


def _counted(count: int, part: str) -> str:
    """Return how many entries a part has; some parts are named by what there is one of."""
    noun = f"{part[:-3]}y" if part.endswith("ies") else part.removesuffix("s")
    return counted(count, noun, part)


@command.command(epilog=example("ashiato register load register/"))
@click.argument("paths", nargs=-1, required=True, type=SOURCE)
@settings_options
def load(paths: tuple[Path, ...], settings: Settings) -> None:
    """Read a register and make it the one that later events are judged with."""
    from services.register_store import load_register

    register = read_register(paths)
    with store_to_fill(settings) as store:
        version, is_new = load_register(store, register, _doer())
    said = "Loaded" if is_new else "This version is loaded already"
    click.echo(f"{said}: {_summary(register)}, recorded at {version.recorded_at:%Y-%m-%d %H:%M:%SZ}.")


@command.command(
    epilog=example("ashiato register show", "ashiato register show --from register/ --at 2026-11-01 assets crm-db")
)
@click.argument("part", required=False, type=click.Choice(PARTS))
@click.argument("key", required=False)
@click.option("--at", "day", type=click.DateTime(["%Y-%m-%d"]), help="Only what holds on this day (Asia/Tokyo).")
@click.option("--from", "origin", default="latest", show_default=True, help="Version (its first digits), or a path.")
@settings_options
@json_option
def show(
    part: str | None, key: str | None, day: dt.datetime | None, origin: str, settings: Settings, *, as_json: bool
) -> None:
    """Print the entries of a register, or of one PART, or the history of one entry (PART KEY)."""
    register = _find(origin, settings)
    moment = dt.datetime.combine(day.date(), dt.time(12), tzinfo=TOKYO) if day else None
    found: dict[str, list[dict[str, Any]]] = {}
    for located in entries(register):
        asked_for = part in {None, located.part} and key in {None, key_of(located.entry)}
        if asked_for and (moment is None or valid_at(located.entry, moment)):
            found.setdefault(located.part, []).append(_plain(located.entry))
    if key is not None and not found:
        raise _no_such_entry(register, str(part), key)
    click.echo(to_json(found) if as_json else yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=110))


def _doer() -> Doer:
    from services.acts import user_name
    from services.clock import new_id, utc_now
    from services.register_store import Doer

    return Doer(who=user_name(), now=utc_now(), new_id=new_id)


def _find(name: str, settings: Settings) -> Register:
    from services.register_store import find_register

    return find_register(name, lambda: existing_store(settings))


def _plain(entry: Entry) -> dict[str, Any]:
    """Return an entry as people would write it: without what is absent."""
    return entry.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _no_such_entry(register: Register, part: str, key: str) -> UsageError:
    keys = {key_of(entry) for entry in getattr(register, part)}
    what = (
        f'there is no {SINGULAR[part]} "{key}" at that time' if key in keys else f'there is no {SINGULAR[part]} "{key}"'
    )
    return UsageError(what, todo=closest(key, keys - {key}) or f"list them: ashiato register show {part}")


@command.command(
    "diff", epilog=example("ashiato register diff latest register/", "ashiato register diff 3fa9c1 77be02 --json")
)
@click.argument("before")
@click.argument("after")
@settings_options
@json_option
def show_diff(before: str, after: str, settings: Settings, *, as_json: bool) -> None:
    """Print what changed from BEFORE to AFTER, each a path or a loaded version (its first digits, or `latest`)."""
    changes = diff(_find(before, settings), _find(after, settings))
    rows = [asdict(change) for change in changes]
    columns = ("change", "entry", "field", "before", "after")
    if not as_json:
        # A whole entry is long; its name says enough here, and `register show` has the rest.
        rows = [row if row["field"] else {**row, "before": None, "after": None} for row in rows]
    emit(rows, as_json=as_json, columns=columns, empty="The two registers say the same.")


@command.command(
    "gaps", epilog=example("ashiato register gaps --limit 5", "ashiato register gaps --kind asset --stubs")
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(GAP_KINDS), help="Only this kind; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many groups.")
@click.option("--stubs/--no-stubs", default=True, help="Print the YAML to fill in below the table.")
@settings_options
@json_option
def show_gaps(kinds: Sequence[str], limit: int, settings: Settings, *, stubs: bool, as_json: bool) -> None:
    """Print what is unknown to the register, what concerns the most user information first, with YAML to fill in."""
    from services.register_store import stored_gaps

    with existing_store(settings) as store:
        found = [gap for gap in stored_gaps(store, _doer()) if not kinds or gap.kind in kinds]
    rows = [asdict(gap) for gap in found[:limit]]
    columns = ("kind", "name", "names", "events", "sui_events", "first", "last")
    emit(rows, as_json=as_json, columns=columns, empty="The evidence names nothing that the register does not know.")
    if as_json or not found:
        return
    if stubs:
        click.echo(together(found[:limit]))
    if len(found) > limit:
        click.echo(f"{len(found) - limit} more; see them with --limit {len(found)}.", err=True)
