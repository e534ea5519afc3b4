"""Whether the embedded engine has written the parts that it says it has.

It takes no notice of a write that fails in the middle of a part (seen with chDB 4.4: ``write`` answers ENOSPC, EIO or
EFBIG, the insert is reported as done, and its rows cannot be read; a failing fsync is told). So after each insert the
files of new parts are compared with what the engine counted while it wrote them. A part that is too short is taken out
again and the insert counts as failed: nothing vouches for its rows yet, so whoever tries again loses nothing.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from schemas.errors import Place, StoreAwayError, StoreError
from services.store_errors import TROUBLE

_PARTS: Final = (
    "SELECT name, path, level, bytes_on_disk FROM system.parts"
    " WHERE database = currentDatabase() AND table = {table:String} AND active"
)
_UNCOUNTED: Final = frozenset({
    "checksums.txt", "columns.txt", "columns_substreams.txt", "default_compression_codec.txt", "metadata_version.txt",
})  # fmt: skip
"""Files of a part that ``bytes_on_disk`` does not count; none of them is ever empty."""
_NAME: Final = re.compile(r"\w[\w-]*")


class WrittenParts:
    """Looks at the parts of a store after each insert.

    Args:
        where: the store, for errors.
    """

    def __init__(self, where: Place) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._whole: dict[str, set[str]] = {}  # by table: parts that need not be looked at again
        self._unsettled: set[str] = set()  # tables of which it is not known whether all short parts are out

    @contextmanager
    def checked(self, client: Client, table: str) -> Iterator[None]:
        """Let one insert into a table run, then look at what it wrote.

        What was there before the first insert is not looked at: whoever wrote it has, and `ashiato doctor` reads it.

        Raises:
            StoreAwayError: not all of it was written; it is out of the table again, or will be before the next insert.
            StoreError: a part that was merged of older ones is not whole.
        """
        with self._lock:
            if table not in self._whole:
                self._whole[table] = {part["name"] for part in self._parts(client, table)}
            elif table in self._unsettled:
                self._look(client, table)
            self._unsettled.add(table)
            yield
            self._look(client, table)

    def _look(self, client: Client, table: str) -> None:
        """Look at the parts that are new.

        Raises:
            StoreAwayError, StoreError: see `checked`.
        """
        parts = self._parts(client, table)
        whole = self._whole[table]
        short = [part for part in parts if part["name"] not in whole and not is_whole(part)]
        self._whole[table] = {part["name"] for part in parts} - {part["name"] for part in short}
        for part in short:
            self._refuse(client, table, part)
        self._unsettled.discard(table)

    def _refuse(self, client: Client, table: str, part: dict[str, Any]) -> None:
        if part["level"]:
            raise StoreError(
                f"a part of {table} is not whole", where=self._where,
                why=f"the engine merged older parts into {part['name']} and could not write all of it",
                todo="stop whatever writes here, make room, copy the data directory, then run `ashiato doctor`",
            )  # fmt: skip
        name = part["name"]
        try:
            if _NAME.fullmatch(name):
                client.command(f"ALTER TABLE {table} DROP PART '{name}'")
        except TROUBLE:
            pass  # it is looked at again before the next insert
        raise StoreAwayError(
            f"rows cannot be written to {table}", where=self._where,
            why="no space left for writing, a limit on the size of files, or a bad disk: not all of them were written",
            todo="make room; what has ended goes on where it stopped when it is run again",
        )  # fmt: skip

    @staticmethod
    def _parts(client: Client, table: str) -> list[dict[str, Any]]:
        return list(client.query(_PARTS, parameters={"table": table}).named_results())


def is_whole(part: dict[str, Any]) -> bool:
    """Return whether the files of a part (a row of ``system.parts``) hold as much as the engine counted."""
    try:
        sizes = {file.name: file.stat().st_size for file in Path(part["path"]).iterdir()}
    except FileNotFoundError:
        return True  # merged and removed meanwhile: what it went into is looked at
    counted = sum(size for name, size in sizes.items() if name not in _UNCOUNTED)
    return counted == part["bytes_on_disk"] and all(sizes[name] for name in _UNCOUNTED & sizes.keys())
