"""Frames as the Arrow streams that the store takes."""

from __future__ import annotations

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

_STEP_BYTES: Final = 8 << 20
"""The memory grows by this, so that batches of about one size find it large enough."""


class ArrowStreams:
    """Writes frames as Arrow IPC streams, one after the other into the same memory; for one thread.

    A stream of tens of megabytes in new memory each time cost more than writing it: the kernel clears every page first.
    """

    def __init__(self) -> None:
        self._memory = pa.allocate_buffer(0)

    def write(self, rows: pl.DataFrame) -> memoryview:
        """Return rows as a stream, LOW_CARDINALITY columns as dictionaries; it holds until the next one is written."""
        table = _table(rows)
        counted = pa.MockOutputStream()
        _write(table, counted)
        if counted.size() > len(self._memory):
            self._memory = pa.allocate_buffer(-(-counted.size() // _STEP_BYTES) * _STEP_BYTES)
        _write(table, pa.FixedSizeBufferWriter(self._memory))
        return memoryview(self._memory)[: counted.size()]


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
