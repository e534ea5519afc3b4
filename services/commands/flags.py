"""``ashiato flags``: what was flagged."""

from __future__ import annotations

import json
from typing import Any, Final, get_args

import click

from schemas.errors import UsageError
from schemas.findings import Level
from services.acts import record_read
from services.cli_support import cell, emit, example, json_option, restricted_option, to_json
from services.clock import new_id, utc_now
from services.context import builtin_rulebook
from services.flags import RESTRICTED_RULES, also_restricted, find_flag, flag_findings, list_flags, sees_restricted
from services.settings import Settings
from services.settings_options import existing_store, settings_options
from services.store import Store
from streams.register_references import closest
from streams.rules import Rulebook

COLUMNS: Final = (
    "id", "level", "rule", "asset", "party", "country", "events", "first_event", "last_event", "operation", "title",
)  # fmt: skip
TELLING: Final = (
    "id", "rule", "level", "events", "last_event", "party", "asset", "country", "operation", "first_event",
)  # fmt: skip
"""Columns, the most telling first: a narrow terminal shows those that fit. An id that is broken cannot be copied."""
SHOWN: Final = (
    "rule", "title", "clause", "level", "role", "asset", "party", "country", "policy_item", "episode", "events",
    "positions", "first_event", "last_event", "planned", "operations",
)  # fmt: skip
LEVEL: Final = click.Choice(get_args(Level))
NOTHING: Final = "Nothing is flagged."
NOTHING_MATCHES: Final = "No flag is of these; without --rule, --asset, --party and --level others may be listed."
LEFT_OUT: Final = (
    f"Flags that few may see ({RESTRICTED_RULES}) are left out, if there are any; --restricted lists them, which is "
    "recorded as an act."
)
"""Said whether there are any or not: an order may forbid to tell that there are."""
AT_MOST: Final = click.IntRange(1, 100_000)


@click.group(
    epilog=example(
        "ashiato flags list --level critical",
        "ashiato flags show 1f0c",
        "ASHIATO_STORE__URL=https://clickhouse:8443 ASHIATO_STORE__USER=analyst ashiato flags list",
    )
)
def command() -> None:
    """List and show what was flagged."""


@command.command("list", epilog=example("ashiato flags list", "ashiato flags list --rule XB-STORE --json"))
@click.option("--rule", default="", help="Only flags of this rule.")
@click.option("--asset", default="", help="Only flags of this asset.")
@click.option("--party", default="", help="Only flags of this party.")
@click.option(
    "--level", "levels", multiple=True, type=click.Choice(get_args(Level)), help="Only of this level; may be repeated."
)
@restricted_option
@click.option("--limit", default=100, show_default=True, type=AT_MOST, help="At most so many.")
@settings_options
@json_option
def list_command(
    *,
    rule: str,
    asset: str,
    party: str,
    levels: tuple[str, ...],
    restricted: bool,
    limit: int,
    settings: Settings,
    as_json: bool,
) -> None:
    """List flags, the gravest first: rule, asset, party, country, how many events, from when to when."""
    with existing_store(settings) as store:
        rulebook = builtin_rulebook()
        if rule:
            _check_rule(store, rulebook, rule)
        restricted = sees_restricted(store, asked=restricted)
        rows = list_flags(
            store, rulebook, rule=rule, asset=asset, party=party, levels=levels, restricted=restricted, limit=limit
        )
        asked = " ".join(["flags list", *(["--restricted"] if restricted else []), rule, asset, party, *levels])
        record_read(store, asked, len(rows), now=utc_now(), new_id=new_id)
    shown = rows if as_json else [{**row, "operation": _example(row["operations"])} for row in rows]
    empty = NOTHING_MATCHES if rule or asset or party or levels else NOTHING
    if not restricted:
        empty = f"{empty}\n{LEFT_OUT}"
    emit(shown, as_json=as_json, columns=COLUMNS, telling=TELLING, empty=empty)
    if not as_json and len(rows) == limit:
        click.echo(f"There may be more than these {limit:,}: raise --limit, or choose with --level or --rule.")


@command.command("show", epilog=example("ashiato flags show 1f0c9a7e52d3b846"))
@click.argument("flag")
@restricted_option
@click.option("--limit", default=10, show_default=True, type=AT_MOST, help="At most so many findings.")
@settings_options
@json_option
def show_command(flag: str, *, restricted: bool, limit: int, settings: Settings, as_json: bool) -> None:
    """Show a flag, named by its id or the beginning of it, with its latest findings and the facts they rest on."""
    with existing_store(settings) as store:
        restricted = sees_restricted(store, asked=restricted)
        found = find_flag(store, builtin_rulebook(), flag, restricted=restricted)
        findings = flag_findings(store, found, limit)
        few = also_restricted(found["rule"])
        record_read(store, f"flags show {found['id']}{few}", len(findings), now=utc_now(), new_id=new_id)
    findings = [{**one, "facts": json.loads(one["facts"])} for one in findings]
    if as_json:
        click.echo(to_json({**found, "findings": findings}))
        return
    click.echo(f"flag {found['id']}")
    for name in SHOWN:
        click.echo(f"  {name.replace('_', ' '):<12} {cell(found[name])}")
    emit([_line(one) for one in findings], as_json=False)
    click.echo(f"Why: ashiato explain {found['id']}{few}")


def _check_rule(store: Store, rulebook: Rulebook, rule: str) -> None:
    """Refuse a rule that nobody knows: that it has raised nothing would be no news.

    Raises:
        UsageError: neither the rulebook has it, nor any finding.
    """
    known = [one.id for one in rulebook]
    if rule in known or store.rows("SELECT 1 FROM findings WHERE rule = {rule:String} LIMIT 1", {"rule": rule}):
        return
    raise UsageError(f"no rule is called {rule}", todo=closest(rule.upper(), known) or "see `ashiato rules list`")


def _example(operations: list[str]) -> str:
    """Return one operation for a table, and how many more were seen."""
    return operations[0] + (f" +{len(operations) - 1}" if operations[1:] else "") if operations else ""


def _line(finding: dict[str, Any]) -> dict[str, Any]:
    """Return a finding as one row of a table."""
    position = f"{finding['position.source']} {finding['position.offset']}"
    facts = ", ".join(f"{name}={cell(value)}" for name, value in finding["facts"].items())
    return {"time": finding["event_time"], "position": position, "operation": finding["operation"], "facts": facts}
