"""``ashiato rules``: list, check, test and lock the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from schemas.errors import ManyErrors, UsageError
from services.amounts import counted
from services.cli_support import Failed, emit, example, json_option
from services.rulebook_files import lock_path, read_lock_file, read_rulebook, write_lock_file
from streams.rule_lock import lock_errors, updated_lock
from streams.rule_tests import run_tests
from streams.rules import Rule, Rulebook

COLUMNS: Final = ("rule", "version", "level", "about", "clause", "title")

F = TypeVar("F", bound=Callable[..., Any])


def rules_option(function: F) -> F:
    """Add ``--rules``, with ASHIATO_RULES as its default."""
    return click.option(
        "--rules",
        "folder",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        envvar="ASHIATO_RULES",
        show_envvar=True,
        help="Folder of rules; without it those that come with the program.",
    )(function)


@click.group(epilog=example("ashiato rules list", "ashiato rules test XB-STORE"))
def command() -> None:
    """List, check, test and lock the rules."""


@command.command("list", epilog=example("ashiato rules list", "ashiato rules list --json"))
@rules_option
@json_option
def list_rules(folder: Path | None, *, as_json: bool) -> None:
    """List the rules with their clauses."""
    rulebook = read_rulebook(folder)
    emit([_plain(rule) if as_json else _row(rule) for rule in rulebook], as_json=as_json, columns=COLUMNS)
    if not as_json:
        click.echo(f"{counted(len(rulebook), 'rule')}, rulebook {rulebook.sha256[:12]}")


@command.command("check", epilog=example("ashiato rules check", "ashiato rules check --rules my-rules/"))
@rules_option
def check_rules(folder: Path | None) -> None:
    """Compile every rule and tell every error with file, line and column."""
    rulebook = read_rulebook(folder)
    conditions = sum(len(rule.block.about) for rule in rulebook)
    columns = len(rulebook.ruleset.fields)
    size = f"{counted(conditions, 'condition')} over {counted(columns, 'column')}"
    click.echo(f"{counted(len(rulebook), 'rule')} with {size}: all compile exactly")


@command.command("test", epilog=example("ashiato rules test", "ashiato rules test XB-STORE XB-CLOUD"))
@click.argument("names", nargs=-1, metavar="[RULE]...")
@rules_option
@json_option
def test_rules(names: tuple[str, ...], folder: Path | None, *, as_json: bool) -> None:
    """Run the tests inside the rule files; exit with 1 if one does not hold."""
    rules = _named(read_rulebook(folder), names)
    failed = [(rule, failure) for rule in rules for failure in run_tests(rule)]
    rows = [{"rule": rule.id, "test": failure.name, "why": str(failure)} for rule, failure in failed]
    if as_json or rows:
        emit(rows, as_json=as_json, columns=("rule", "why"))
    tests = sum(len(rule.tests) for rule in rules)
    if failed:
        raise Failed(f"{len(failed)} of {tests} tests do not hold", todo="mend the rule or its test, raise its version")
    if not as_json:
        click.echo(f"{counted(tests, 'test')} of {counted(len(rules), 'rule')} hold")


@command.command("lock", epilog=example("ashiato rules lock", "ashiato rules lock --check"))
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit with 1 if the lock is not current.")
@rules_option
def lock_rules(folder: Path | None, *, only_check: bool) -> None:
    """Write version and SHA-256 of every rule into rulebook.lock; refuse a changed rule whose version did not grow."""
    rulebook, lock, path = read_rulebook(folder), read_lock_file(folder), lock_path(folder)
    if not only_check:
        write_lock_file(updated_lock(rulebook, lock), folder)
        click.echo(f"{path}: {counted(len(rulebook), 'rule')} locked")
        return
    errors = lock_errors(rulebook, lock, str(path))
    if errors:
        raise Failed(str(ManyErrors("the version lock is not current", errors)))
    click.echo(f"{path}: current")


def _named(rulebook: Rulebook, names: Sequence[str]) -> list[Rule]:
    """Return the rules of these ids, all of them without any."""
    missing = [name for name in names if rulebook.get(name) is None]
    if missing:
        raise UsageError(f"there is no rule {', '.join(missing)}", todo="`ashiato rules list` lists them")
    return [rule for rule in rulebook if not names or rule.id in names]


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "version": rule.version,
        "level": rule.level,
        "about": rule.block.about,
        "clause": rule.clause,
        "title": rule.title,
    }


def _plain(rule: Rule) -> dict[str, Any]:
    """Return everything that a rule says to people, as JSON data."""
    block = rule.block.model_dump(mode="json", exclude={"version", "about"})
    described = {"description": rule.description, "tags": rule.tags, "falsepositives": rule.falsepositives}
    tested = {"tests": len(rule.tests), "columns": sorted(rule.compiled.fields), "sha256": rule.sha256}
    return {**_row(rule), **described, **block, **tested}
