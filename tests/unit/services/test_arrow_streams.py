"""Frames as the streams that the store takes."""

import polars as pl
import pyarrow as pa

from services.arrow_streams import ArrowStreams


def read(stream: memoryview) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(bytes(stream))).read_all()


def test_each_stream_holds_its_own_rows_whether_it_is_longer_or_shorter_than_the_one_before() -> None:
    streams = ArrowStreams()

    for size in (3, 1, 20_000, 0, 2):
        rows = pl.DataFrame({"record": [f"r{i}" * 300 for i in range(size)], "at": list(range(size))})
        rows = rows.cast({"record": pl.String, "at": pl.Int64})
        assert read(streams.write(rows)).to_pylist() == rows.to_dicts()


def test_columns_of_few_values_are_dictionaries_of_their_own_block() -> None:
    streams = ArrowStreams()
    streams.write(pl.DataFrame({"action": ["read"], "record": ["a"]}))

    table = read(streams.write(pl.DataFrame({"action": ["write", "write", None], "record": ["b", "c", "d"]})))

    assert pa.types.is_dictionary(table.schema.field("action").type)
    assert not pa.types.is_dictionary(table.schema.field("record").type)
    assert table["action"].chunk(0).dictionary.to_pylist() == ["write"]
    assert table["action"].to_pylist() == ["write", "write", None]
