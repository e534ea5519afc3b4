"""What the scripts share: pages that are written or, with ``--check``, compared, and marked blocks within a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).resolve().parent.parent
REFERENCE: Final = ROOT / "docs" / "reference"


def stale(files: Mapping[Path, str], there: Collection[Path] = ()) -> list[Path]:
    """Return, in order, which files are not what they should be, and which of ``there`` should not be.

    Args:
        files: path → text that it should hold.
        there: paths that are there; one that ``files`` does not hold is left over.
    """
    return sorted({path for path, text in files.items() if _text(path) != text} | (set(there) - files.keys()))


def write_or_check(
    files: Mapping[Path, str], arguments: Collection[str], *, script: str, there: Collection[Path] = ()
) -> int:
    """Write what is not current and remove what is left over; with ``--check`` tell of it instead.

    Args:
        files: path → text that it should hold.
        arguments: of the command line.
        script: the module that writes the files, for the message.
        there: as in `stale`.

    Returns:
        The exit code: 1 if ``--check`` found something, 2 for an argument that is not known.
    """
    if unknown := sorted(set(arguments) - {"--check"}):
        click.echo(f"{unknown[0]}: there is no such argument; python -m {script} takes --check", err=True)
        return 2
    changed = stale(files, there)
    if "--check" in arguments:
        for path in changed:
            click.echo(f"{path.name} is not current; run: python -m {script}", err=True)
        return 1 if changed else 0
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


def replaced(page: str, text: str, *, begin: str, end: str, name: str) -> str:
    """Return a page with ``text`` between two marks.

    Args:
        page: what the page holds.
        text: what it should hold there.
        begin: the mark before it.
        end: the mark behind it.
        name: of the page, for the error.

    Raises:
        ValueError: the page does not have both marks once each, in order.
    """
    head, found, rest = page.partition(begin)
    _, last, tail = rest.partition(end)
    if not found or not last or begin in rest or end in tail:
        raise ValueError(f"{name} must hold the line {begin} and, after it, {end}, once each")
    return f"{head}{begin}\n\n{text}\n\n{end}{tail}"


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
