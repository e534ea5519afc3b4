"""Whether the embedded engine has written the parts that it says it has.

It takes no notice of a write that fails in the middle of a part (seen with chDB 4.4: ``write`` answers ENOSPC, EIO or
EFBIG, the insert is reported as done, and its rows cannot be read; a failing fsync is told). So after each insert the
files of new parts are compared with what the engine counted while it wrote them (once for the inserts of one batch,
each of which is into another table). A part that is too short is taken out again and the insert counts as failed:
nothing vouches for its rows yet, so whoever tries again loses nothing.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.errors import Place, StoreAwayError, StoreError

_PARTS: Final = (
    "SELECT database, table, name, path, bytes_on_disk FROM system.parts"
    " WHERE database IN {databases:Array(String)} AND table IN {tables:Array(String)} AND active"
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

    rows: Callable[[str, Mapping[str, Sequence[str]]], list[dict[str, Any]]]
    command: Callable[[str], object]
    trouble: tuple[type[Exception], ...]


class WrittenParts:
    """Looks at the parts of a store after each insert or several. All that insert in this process share one.

    Args:
        where: the store, for errors.
    """

    def __init__(self, where: Place) -> None:
        self._where = where
        self._locks: dict[Table, threading.Lock] = defaultdict(threading.Lock)
        self._whole: dict[Table, set[str]] = {}  # parts that need not be looked at again
        self._held = threading.local()  # what this thread is within
        self._unsettled: set[Table] = set()  # of these it is not known whether all short parts are out

    @contextmanager
    def checked(self, engine: Engine, tables: Sequence[Table]) -> Iterator[None]:
        """Let inserts into some tables run, then look at what they wrote.

        What was there before the first insert is not looked at: the engine does that itself when it starts. Within
        another one of the same thread that has all these tables, looking is left to that one.

        Raises:
            StoreAwayError: not all of it was written; it is out of the tables again, or will be before the next insert.
            StoreError: a part that was merged of older ones is not whole.
        """
        held: frozenset[Table] = getattr(self._held, "tables", frozenset())
        if held.issuperset(tables):
            yield
            return
        if held:
            raise AssertionError("tables are taken one after the other: two who do so would wait for each other")
        with ExitStack() as stack:
            for table in sorted(tables):  # in one order, whoever comes
                stack.enter_context(self._locks[table])
            self._held.tables = frozenset(tables)
            stack.callback(setattr, self._held, "tables", frozenset())
            self._begin(engine, tables)
            yield
            if short := self._take_out(engine, tables):
                raise self._not_written(short)

    def _begin(self, engine: Engine, tables: Sequence[Table]) -> None:
        """Know which parts of some tables need not be looked at, and have those out that are not whole."""
        if new := [table for table in tables if table not in self._whole]:
            parts = _parts(engine, new)
            self._whole |= {table: {part["name"] for part in parts[table]} for table in new}
        if unsettled := [table for table in tables if table in self._unsettled]:
            self._take_out(engine, unsettled)
        self._unsettled.update(tables)

    def _take_out(self, engine: Engine, tables: Sequence[Table]) -> list[Table]:
        """Take new parts that are not whole out of some tables; return the tables that had any.

        Raises:
            StoreAwayError: one cannot be taken out for now.
            StoreError: one of them may hold more than one insert.
        """
        found, had = _parts(engine, tables), []
        for table in tables:
            parts = found[table]
            short = {part["name"] for part in parts if part["name"] not in self._whole[table] and not is_whole(part)}
            if short:  # or merged into others while it was looked at
                parts = _parts(engine, [table])[table]
                short = {part["name"] for part in parts if part["name"] in short and not is_whole(part)}
            self._whole[table] = {part["name"] for part in parts} - short
            for name in sorted(short):
                self._drop(engine, table, name)
            self._unsettled.discard(table)
            had += [table] if short else []
        return had

    def _drop(self, engine: Engine, table: Table, name: str) -> None:
        if not _OF_ONE_INSERT.fullmatch(name):
            raise StoreError(
                f"a part of {table[1]} is not whole", where=self._where,
                why=f"the engine could not write all of {name}; what it was made of stays for eight minutes",
                todo="stop whatever writes here, make room, and start again before that: it takes what was before",
            )  # fmt: skip
        try:
            engine.command(f"ALTER TABLE `{table[0]}`.`{table[1]}` DROP PART '{name}'")
        except engine.trouble:
            raise self._not_written([table]) from None

    def _not_written(self, tables: Sequence[Table]) -> StoreAwayError:
        return StoreAwayError(
            f"rows cannot be written to {', '.join(name for _, name in tables)}", where=self._where,
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


def _parts(engine: Engine, tables: Sequence[Table]) -> dict[Table, list[dict[str, Any]]]:
    found: dict[Table, list[dict[str, Any]]] = {table: [] for table in tables}
    databases, names = (sorted(set(words)) for words in zip(*tables, strict=True))
    for part in engine.rows(_PARTS, {"databases": databases, "tables": names}):
        parts = found.get((part["database"], part["table"]))
        if parts is not None:  # else a table of that name in another of the databases
            parts.append(part)
    return found
