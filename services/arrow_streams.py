"""Frames as the Arrow streams that the store takes."""

from __future__ import annotations

import errno
import mmap
import os
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

LOW_CARDINALITY: Final = frozenset({
    "range_id", "kind", "event.kind", "event.source", "asset.key", "asset.category", "party.key", "action",
    "actor.subject", "actor.on_behalf_of.subject", "grantee.subject", "purpose", "destination.temporary.purpose",
    "reason", "position.source", "rule", "role", "level", "asset", "party", "country", "policy_item", "episode",
    "operation", "exposure.party", "exposure.system",
})  # fmt: skip
"""Columns with few distinct values; as dictionaries they reach the store's LowCardinality columns at half the cost."""

_LEAST_BYTES: Final = 1 << 20

HAS_MEMFD: Final = hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir()


@dataclass(frozen=True, slots=True)
class ArrowStream:
    """Rows on their way into the store.

    Attributes:
        bytes: the stream; it holds until the next one is written.
        path: a file of this process that begins with it, and has whatever else behind its end; None where the system
            knows no files without a name.
    """

    bytes: memoryview
    path: str | None


class ArrowStreams:
    """Writes frames as Arrow IPC streams, one after the other into the same memory; for one thread.

    A stream of tens of megabytes in new memory each time cost more than writing it: the kernel clears every page first.
    The memory is a file without a name (memfd), so that the embedded engine reads it where it is: to write it into a
    file of a disk first took an eighth of the CPU time of an insert, and left personal values there after a crash.
    """

    def __init__(self) -> None:
        self._file: int | None = None
        self._path: str | None = None
        self._memory: pa.Buffer = pa.allocate_buffer(0)

    def write(self, rows: pl.DataFrame) -> ArrowStream:
        """Return rows as a stream, LOW_CARDINALITY columns as dictionaries."""
        table = _table(rows)
        counted = pa.MockOutputStream()
        _write(table, counted)
        if counted.size() > len(self._memory):
            self._grow(rounded(counted.size()))
        _write(table, pa.FixedSizeBufferWriter(self._memory))
        return ArrowStream(memoryview(self._memory)[: counted.size()], self._path)

    def _grow(self, size: int) -> None:
        """Take so many bytes: of a file without a name, or where there are none or none so large, just memory."""
        try:
            file = self._unnamed()
            os.posix_fallocate(file, 0, size)  # what cannot be had is an error now, and not the end of us later
            self._memory = pa.py_buffer(memoryview(mmap.mmap(file, size)))
            self._path = f"/proc/self/fd/{file}"
        except OSError:
            self._memory, self._path = pa.allocate_buffer(size), None

    def _unnamed(self) -> int:
        """Return the file without a name; it lives as long as this object.

        Raises:
            OSError: there can be none.
        """
        if self._file is None:
            if not HAS_MEMFD:
                raise OSError(errno.ENOSYS, "there are no files without a name")
            self._file = os.memfd_create("ashiato-rows")
            weakref.finalize(self, os.close, self._file)
        return self._file


def rounded(size: int) -> int:
    """Return a size to take for so many bytes, up to a quarter larger: batches of about one size find it enough."""
    step = max(_LEAST_BYTES, (1 << size.bit_length()) >> 3)
    return -(-size // step) * step


def _table(rows: pl.DataFrame) -> pa.Table:
    """Return rows as an Arrow table.

    A Polars Categorical would do for the dictionaries, but its categories live as long as the process, and every block
    would carry all that were ever seen.
    """
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    for index, name in enumerate(rows.columns):
        if name in LOW_CARDINALITY and rows.schema[name] == pl.String:
            table = table.set_column(index, name, table.column(index).combine_chunks().dictionary_encode())
    return table


def _write(table: pa.Table, sink: pa.NativeFile) -> None:
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
