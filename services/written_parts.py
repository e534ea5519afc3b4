"""Whether the embedded engine has written the parts that it says it has.

It takes no notice of a write that fails in the middle of a part (seen with chDB 4.4: ``write`` answers ENOSPC, EIO or
EFBIG, the insert is reported as done, and its rows cannot be read; a failing fsync is told). So after each insert the
files of new parts are compared with what the engine counted while it wrote them. A part that is too short is taken out
again and the insert counts as failed: nothing vouches for its rows yet, so whoever tries again loses nothing.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.errors import Place, StoreAwayError, StoreError

_PARTS: Final = (
    "SELECT name, path, bytes_on_disk FROM system.parts"
    " WHERE database = {database:String} AND table = {table:String} AND active"
)
_UNCOUNTED: Final = frozenset({
    "checksums.txt", "columns.txt", "columns_substreams.txt", "default_compression_codec.txt", "metadata_version.txt",
})  # fmt: skip
"""Files of a part that ``bytes_on_disk`` does not count; none of them is ever empty."""
_OF_ONE_INSERT: Final = re.compile(r"\w[\w-]*_(\d+)_\1_0")
"""Name of a part that nothing was merged into and nothing changed: its first block is its last, its level is 0."""

Table = tuple[str, str]
"""Database and name."""


@dataclass(frozen=True, slots=True)
class Engine:
    """How the engine is asked, by whoever inserts.

    Attributes:
        rows: a query with its parameters → rows.
        command: runs a statement.
        trouble: what both raise.
    """

    rows: Callable[[str, Mapping[str, str]], list[dict[str, Any]]]
    command: Callable[[str], object]
    trouble: tuple[type[Exception], ...]


class WrittenParts:
    """Looks at the parts of a store after each insert. All that insert in this process share one.

    Args:
        where: the store, for errors.
    """

    def __init__(self, where: Place) -> None:
        self._where = where
        self._locks: dict[Table, threading.Lock] = defaultdict(threading.Lock)
        self._whole: dict[Table, set[str]] = {}  # parts that need not be looked at again
        self._unsettled: set[Table] = set()  # of these it is not known whether all short parts are out

    @contextmanager
    def checked(self, engine: Engine, table: Table) -> Iterator[None]:
        """Let one insert into a table run, then look at what it wrote.

        What was there before the first insert is not looked at: the engine does that itself when it starts.

        Raises:
            StoreAwayError: not all of it was written; it is out of the table again, or will be before the next insert.
            StoreError: a part that was merged of older ones is not whole.
        """
        with self._locks[table]:
            if table not in self._whole:
                self._whole[table] = {part["name"] for part in _parts(engine, table)}
            elif table in self._unsettled:
                self._take_out(engine, table)
            self._unsettled.add(table)
            yield
            if self._take_out(engine, table):
                raise self._not_written(table)

    def _take_out(self, engine: Engine, table: Table) -> bool:
        """Take new parts that are not whole out of a table; return whether there were any.

        Raises:
            StoreAwayError: one cannot be taken out for now.
            StoreError: one of them may hold more than one insert.
        """
        parts = _parts(engine, table)
        short = {part["name"] for part in parts if part["name"] not in self._whole[table] and not is_whole(part)}
        if short:  # or merged into others while it was looked at
            parts = _parts(engine, table)
            short = {part["name"] for part in parts if part["name"] in short and not is_whole(part)}
        self._whole[table] = {part["name"] for part in parts} - short
        for name in sorted(short):
            if not _OF_ONE_INSERT.fullmatch(name):
                raise StoreError(
                    f"a part of {table[1]} is not whole", where=self._where,
                    why=f"the engine could not write all of {name}; what it was made of stays for eight minutes",
                    todo="stop whatever writes here, make room, and start again before that: it takes what was before",
                )  # fmt: skip
            try:
                engine.command(f"ALTER TABLE `{table[0]}`.`{table[1]}` DROP PART '{name}'")
            except engine.trouble:
                raise self._not_written(table) from None
        self._unsettled.discard(table)
        return bool(short)

    def _not_written(self, table: Table) -> StoreAwayError:
        return StoreAwayError(
            f"rows cannot be written to {table[1]}", where=self._where,
            why="no space left for writing, a limit on the size of files, or a bad disk: not all of them were written",
            todo="make room; what has ended goes on where it stopped when it is run again",
        )  # fmt: skip


def is_whole(part: Mapping[str, Any]) -> bool:
    """Return whether the files of a part (a row of ``system.parts``) hold as much as the engine counted."""
    folder = Path(part["path"])
    try:
        sizes = {file: file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    except FileNotFoundError:
        return False
    uncounted = {file: size for file, size in sizes.items() if file.parent == folder and file.name in _UNCOUNTED}
    counted = sum(sizes.values()) - sum(uncounted.values())
    return counted >= int(part["bytes_on_disk"]) and bool(uncounted) and all(uncounted.values())


def _parts(engine: Engine, table: Table) -> list[dict[str, Any]]:
    return engine.rows(_PARTS, {"database": table[0], "table": table[1]})
