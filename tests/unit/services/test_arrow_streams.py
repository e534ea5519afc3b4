"""Frames as the streams that the store takes."""

import gc
import resource
import signal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from services import arrow_streams
from services.arrow_streams import ArrowStream, ArrowStreams
from tests.support.forked import Forked
from tests.support.stores import LINUX


def read(stream: ArrowStream) -> pa.Table:
    table = pa.ipc.open_stream(pa.py_buffer(bytes(stream.bytes))).read_all()
    if stream.path is not None:
        with pa.OSFile(stream.path) as file:
            assert pa.ipc.open_stream(file).read_all() == table
    return table


def frame(size: int) -> pl.DataFrame:
    rows = pl.DataFrame({"record": [f"r{i}" * 300 for i in range(size)], "at": list(range(size))})
    return rows.cast({"record": pl.String, "at": pl.Int64})


@pytest.mark.parametrize("in_files", [pytest.param(True, marks=LINUX), False])
def test_each_stream_holds_its_own_rows_whether_it_is_longer_or_shorter_than_the_one_before(
    monkeypatch: pytest.MonkeyPatch, *, in_files: bool
) -> None:
    monkeypatch.setattr(arrow_streams, "HAS_MEMFD", in_files)
    streams = ArrowStreams()

    for size in (3, 1, 20_000, 0, 2):
        stream = streams.write(frame(size))
        assert read(stream).to_pylist() == frame(size).to_dicts()
        assert (stream.path is not None) == in_files


@LINUX
def test_its_file_goes_with_it() -> None:
    streams = ArrowStreams()
    path = streams.write(frame(1)).path
    assert path is not None
    assert "ashiato-rows" in str(Path(path).readlink())

    del streams
    gc.collect()

    assert not Path(path).exists()


@pytest.mark.parametrize("size", [1, (1 << 20) + 1, 5_000_000, 40_000_000, (1 << 26) + 1])
def test_what_is_taken_is_enough_and_at_most_a_quarter_or_a_mebibyte_more(size: int) -> None:
    taken = arrow_streams.rounded(size)
    assert size <= taken <= max(size + (1 << 20), size * 1.25)


def limited(_: str) -> None:
    streams = ArrowStreams()
    assert streams.write(frame(1)).path is None  # where files may not be so large, memory does
    assert read(streams.write(frame(2))).to_pylist() == frame(2).to_dicts()
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == 1_000


def test_where_files_may_not_be_large_it_is_memory(tmp_path: Path) -> None:
    process = Forked(limited, "", out=tmp_path / "out", err=tmp_path / "err", file_bytes=1_000)
    assert (process.wait(), (tmp_path / "err").read_text()) == (0, "")


def test_columns_of_few_values_are_dictionaries_of_their_own_block() -> None:
    streams = ArrowStreams()
    streams.write(pl.DataFrame({"action": ["read"], "record": ["a"]}))

    table = read(streams.write(pl.DataFrame({"action": ["write", "write", None], "record": ["b", "c", "d"]})))

    assert pa.types.is_dictionary(table.schema.field("action").type)
    assert not pa.types.is_dictionary(table.schema.field("record").type)
    assert table["action"].chunk(0).dictionary.to_pylist() == ["write"]
    assert table["action"].to_pylist() == ["write", "write", None]
