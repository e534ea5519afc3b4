"""What the commands share: options, tables, JSON, examples in help, progress."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from schemas.errors import AshiatoError

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_DATA_DIR: Final = "ashiato-data"
PIPED_WIDTH: Final = 4096
"""Columns of output that is not a terminal: `grep` and `cut` work by line."""


class Failed(AshiatoError):  # noqa: N818  (reads as the outcome it is)
    """The thing that was checked does not hold: exit code 1."""


def example(*lines: str) -> str:
    r"""Return a help epilog with example command lines; ``\\b`` keeps click from re-wrapping them."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def data_dir_option(function: Command) -> Command:
    """Add ``--data-dir``, with ASHIATO_DATA_DIR as its default."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="ASHIATO_DATA_DIR",
        default=DEFAULT_DATA_DIR,
        show_default=True,
        show_envvar=True,
        help="Where evidence, keys and versions are kept.",
    )(function)


def json_option(function: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(function)


def emit(rows: Sequence[Mapping[str, Any]], *, as_json: bool, columns: Sequence[str] = (), empty: str = "none") -> None:
    """Print rows as a table for people or as a JSON array for machines.

    Args:
        rows: one mapping per row.
        as_json: JSON instead of a table; all keys of the rows are kept.
        columns: which keys become columns of the table, in order; all keys of the first row if empty.
        empty: what is printed for people when there are no rows.
    """
    if as_json:
        click.echo(to_json(list(rows)))
        return
    if not rows:
        click.echo(empty)
        return
    names = list(columns) or list(rows[0])
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(name)) for name in names))
    console().print(table)


def console(*, stderr: bool = False) -> Console:
    """Return a console; without a terminal it is plain and so wide that a row of a piped table stays on one line."""
    plain = Console(stderr=stderr, soft_wrap=False, highlight=False, markup=False)
    return plain if plain.is_terminal else Console(stderr=stderr, width=PIPED_WIDTH, highlight=False, markup=False)


def cell(value: object) -> str:
    """Return one value as people read it: absent is a dash, times are in UTC to the second."""
    if value is None or value == "":
        return "-"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(cell(item) for item in value)
    return str(value)


def to_json(value: object) -> str:
    """Return a value as indented JSON; times in RFC 3339, bytes in hexadecimal."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: object) -> Any:
    """Turn what JSON does not know into what it does."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date | Path):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    message = f"no JSON form for {type(value).__name__}"
    raise TypeError(message)
