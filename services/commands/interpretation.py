"""``ashiato interpretation``: the settings that stand for open legal questions, with today's answers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from schemas.base import TOKYO
from schemas.interpretations import Interpretations
from schemas.questions import QUESTION
from schemas.settings import AUTHORITY_WORDS, show
from services.cli_support import console, example, json_option, to_json
from services.interpretation_files import read_interpretations
from services.settings import Settings
from services.settings_options import existing_store, settings_options
from streams.answers_today import Answer, Answered, answers
from streams.register_versions import content_sha256

COLUMNS: Final = ("setting", "today", "from", "allowed", "basis", "affects")


@click.group(epilog=example("ashiato interpretation show --question Q10"))
def command() -> None:
    """Show the settings that stand for open legal questions."""


@command.command(
    "show",
    epilog=example(
        "ashiato interpretation show",
        "ashiato interpretation show --question Q10 --interpretations interpretations.yaml",
        "ashiato interpretation show --config server.yaml",
    ),
)
@click.option(
    "--question",
    "numbers",
    multiple=True,
    type=click.Choice(list(QUESTION), case_sensitive=False),
    help="Only this question; may be repeated.",
)
@click.option(
    "--interpretations",
    "path",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    envvar="ASHIATO_INTERPRETATIONS",
    show_envvar=True,
    help="YAML file with the settings that differ from the defaults; else those used last, else the defaults.",
)
@click.option(
    "--at", "day", type=click.DateTime(["%Y-%m-%d"]), help="The answers of this day; default: today in Japan."
)
@settings_options
@json_option
def show_answers(
    *, numbers: tuple[str, ...], path: Path | None, day: dt.datetime | None, settings: Settings, as_json: bool
) -> None:
    """Print for each question what is asked, today's answer, on what basis, and what it affects."""
    interpretations, origin = _in_force(path, settings)
    on = day.date() if day else dt.datetime.now(TOKYO).date()
    found = [one for one in answers(interpretations, on) if not numbers or _number(one) in numbers]
    if as_json:
        page = {
            "origin": origin,
            "sha256": content_sha256(interpretations),
            "day": on,
            "questions": [_plain(one) for one in found],
        }
        click.echo(to_json(page))
        return
    out = console()
    for one in found:
        _print(one, out)
    click.echo(f"Answers of {on} from {origin}; version {content_sha256(interpretations)[:12]}.")


def _in_force(path: Path | None, settings: Settings) -> tuple[Interpretations, str]:
    """Return the answers of a file, else those used last in the store, else the defaults; and whence."""
    if path is not None:
        return read_interpretations(path), str(path)
    if settings.store is None and not (settings.data_dir / "store").exists():
        return Interpretations(), "the defaults"
    # The store is heavy and not needed by most calls.
    from services.context import current_interpretations

    with existing_store(settings) as store:
        place = settings.store.url if settings.store else settings.data_dir
        return current_interpretations(store), f"what {place} was judged with last"


def _number(one: Answered) -> str:
    return one.question.number if one.question else ""


def _print(one: Answered, out: Console) -> None:
    """Print one question with its settings as a table."""
    if one.question is None:
        out.print("Choices that the paper does not ask about", style="bold")
    else:
        out.print(f"{one.question.number}  {one.question.asks}", style="bold")
        out.print(f"     By default: {one.question.answer}")
        changed = [f"{answer.setting.name} = {answer.value}" for answer in one.answers if answer.source == "set"]
        if changed:
            out.print(f"     Today otherwise: {', '.join(changed)}", style="bold")
    table = Table(box=SIMPLE, pad_edge=True)
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for answer in one.answers:
        table.add_row(*_cells(answer))
    out.print(table)


def _cells(answer: Answer) -> tuple[str, ...]:
    setting, meaning = answer.setting, answer.setting.meaning
    source = f"{answer.source}, by {answer.decided_by}" if answer.decided_by else answer.source
    allowed = f"{setting.allowed}, with sign-off" if meaning.sign_off else setting.allowed
    basis = f"{meaning.basis} [{meaning.authority}]"
    return setting.name, answer.value, source, allowed, basis, ", ".join(meaning.affects)


def _plain(one: Answered) -> dict[str, Any]:
    """Return one question with its answers as JSON data."""
    question = one.question
    return {
        "question": question.number if question else None,
        "asks": question.asks if question else "choices that the paper does not ask about",
        "answer": question.answer if question else None,
        "settings": [_plain_setting(answer) for answer in one.answers],
    }


def _plain_setting(answer: Answer) -> dict[str, Any]:
    setting, meaning = answer.setting, answer.setting.meaning
    return {
        "setting": setting.name,
        "says": setting.doc,
        "today": answer.value,
        "from": answer.source,
        "default": show(setting.default),
        "type": setting.type,
        "allowed": setting.allowed,
        "basis": meaning.basis,
        "authority": meaning.authority,
        "authority_means": AUTHORITY_WORDS[meaning.authority],
        "affects": meaning.affects,
        "needs_sign_off": meaning.sign_off,
        "decided_by": answer.decided_by,
        "effective_from": answer.effective_from,
    }
