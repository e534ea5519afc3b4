"""What the commands share: options, tables, JSON, examples in help, progress."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from schemas.errors import AshiatoError

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_DATA_DIR: Final = "ashiato-data"
_AS_TEXT: Final = (
    dt.date, dt.time, dt.timedelta, Path, Decimal, uuid.UUID, ipaddress.IPv4Address, ipaddress.IPv6Address,
)  # fmt: skip
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
GAP: Final = 3
NARROW_GAP: Final = 2
EDGES: Final = 2
"""What a table takes besides its columns: between two of them, also where room is short, and at its sides."""
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


def mmdb_option(function: Command) -> Command:
    """Add ``--mmdb``, with ASHIATO_MMDB as its default."""
    return click.option(
        "--mmdb",
        type=click.Path(dir_okay=False, exists=True, path_type=Path),
        envvar="ASHIATO_MMDB",
        show_envvar=True,
        help="Your file of address → country.",
    )(function)


def json_option(function: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(function)


def restricted_option(function: Command) -> Command:
    """Add ``--restricted``."""
    return click.option(
        "--restricted",
        is_flag=True,
        help="Also what few may see: provision to a foreign government; recorded as an act.",
    )(function)


def emit(
    rows: Sequence[Mapping[str, Any]],
    *,
    as_json: bool,
    columns: Sequence[str] = (),
    telling: Sequence[str] = (),
    empty: str = "none",
) -> None:
    """Print rows as a table for people or as a JSON array for machines.

    Args:
        rows: one mapping per row.
        as_json: JSON instead of a table; all keys of the rows are kept.
        columns: which keys become columns of the table, in order; all keys of the first row if empty.
        telling: columns, the most telling first; on a terminal that is too narrow for all of them, those that fit are
            shown whole. Without it, all are shown, broken into pieces if need be.
        empty: what is printed for people when there are no rows.
    """
    if as_json:
        click.echo(to_json(list(rows)))
        return
    if not rows:
        click.echo(empty)
        return
    names = list(columns) or list(rows[0])
    cells = [[cell(row.get(name)) for name in names] for row in rows]
    screen = console()
    if not screen.is_terminal:
        with screen.capture() as printed:
            screen.print(_table(names, cells))
        click.echo("\n".join(line.rstrip() for line in printed.get().split("\n")), nl=False)
        return
    shown = _fitting(names, cells, telling, screen.width) if telling else names
    if shown == names:
        screen.print(_table(names, cells))
        return
    chosen = [names.index(name) for name in shown]
    screen.print(_table(shown, [[row[number] for number in chosen] for row in cells], narrow=True))
    left_out = ", ".join(_heading(name) for name in names if name not in shown)
    click.echo(f"Too narrow here for: {left_out}. A wider terminal, a pipe and --json show all.")


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _table(names: Sequence[str], cells: Sequence[Sequence[str]], *, narrow: bool = False) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=not narrow, collapse_padding=narrow)
    for name in names:
        table.add_column(_heading(name), overflow="fold")
    for row in cells:
        table.add_row(*row)
    return table


def _fitting(names: list[str], cells: Sequence[Sequence[str]], telling: Sequence[str], width: int) -> list[str]:
    """Return the columns that fit into a width without being broken, in the order of the table; all if they do.

    Args:
        names: the columns.
        cells: the rows.
        telling: the most telling columns first; the first is always among them.
        width: of the terminal.
    """
    wide = {
        name: max(cell_len(line) for text in (_heading(name), *texts) for line in text.split("\n"))
        for name, texts in zip(names, zip(*cells, strict=True), strict=True)
    }
    if sum(wide.values()) + GAP * (len(names) - 1) + EDGES <= width:
        return names
    chosen, room = {telling[0]}, width - wide[telling[0]]
    for name in telling[1:]:
        if wide[name] + NARROW_GAP <= room:
            chosen.add(name)
            room -= wide[name] + NARROW_GAP
    return [name for name in names if name in chosen]


def console(*, stderr: bool = False) -> Console:
    """Return a console; without a terminal it is plain and so wide that a row of a piped table stays on one line."""
    # Nor markup nor emoji: ``:x:`` in a value is what somebody wrote, not a picture.
    plain = Console(stderr=stderr, soft_wrap=False, highlight=False, markup=False, emoji=False)
    if plain.is_terminal:
        return plain
    return Console(stderr=stderr, width=PIPED_WIDTH, highlight=False, markup=False, emoji=False)


def cell(value: object) -> str:
    """Return one value as people read it: absent is a dash, times are in UTC to the second.

    Logs may hold signs that steer a terminal or turn the direction of writing; they are shown, not obeyed.
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(cell(item) for item in value)
    return _CONTROL.sub(lambda sign: sign[0].encode("unicode_escape").decode(), str(value))


def to_json(value: object) -> str:
    """Return a value as indented JSON (RFC 8259); times in RFC 3339, bytes in hexadecimal.

    Numbers that JSON has no word for (NaN, infinite) are null; decimals, addresses, keys and the like are texts.
    """
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=_plain, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(_sayable(value), ensure_ascii=False, indent=2, default=_plain, allow_nan=False)


def _sayable(value: object) -> object:
    """Return a value with null for every number that is not finite, and texts for keys."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _sayable(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_sayable(item) for item in value]
    return value


def _plain(value: object) -> Any:
    """Turn what JSON does not know into what it does."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    message = f"no JSON form for {type(value).__name__}"
    raise TypeError(message)
