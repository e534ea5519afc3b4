"""Whatever a file holds and however it is read, nothing is lost, added, moved or held back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.element_reader import ElementReader
from services.line_reader import LineReader
from services.sources import BatchLimits, open_source

CHUNKS = st.integers(1, 40)
LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ELEMENTS = st.lists(VALUES | st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=3), max_size=6)


def _chunked(text: bytes, size: int) -> list[bytes]:
    return [text[begin : begin + size] for begin in range(0, len(text), size)]


def _content(line: bytes) -> bytes:
    return line.removesuffix(b"\r")


@given(LINES, CHUNKS)
def test_every_line_that_is_not_blank_is_a_message(lines: list[bytes], chunk: int) -> None:
    reader = LineReader(_chunked(b"".join(line + b"\n" for line in lines), chunk))
    found = [pair for run in reader for pair in zip(run.offsets, run.messages, strict=True)]

    assert found == [(at, _content(line)) for at, line in enumerate(lines) if _content(line).strip(b" \t\r")]
    assert (reader.end, reader.waiting) == (len(lines), 0)


@given(ELEMENTS, CHUNKS, st.sampled_from([None, 0, 2]), st.sampled_from(["plain", "escaped"]))
def test_every_element_of_an_array_is_a_message(
    elements: list[Any], chunk: int, indent: int | None, notation: str
) -> None:
    text = json.dumps(elements, indent=indent, ensure_ascii=notation == "escaped").encode("utf-8", "surrogatepass")
    reader = ElementReader(_chunked(text, chunk), "array")
    found = [message for run in reader for message in run.messages if isinstance(message, bytes)]

    assert [json.loads(message.decode("utf-8", "surrogatepass")) for message in found] == elements
    assert reader.waiting == 0


@given(
    st.binary(max_size=60) | st.text('{}[]",\\ \nab1', max_size=60).map(str.encode),
    CHUNKS,
    st.sampled_from(["array", "records", "sequence"]),
)
def test_elements_do_not_depend_on_how_the_bytes_arrive(text: bytes, chunk: int, layout: Any) -> None:
    pieces, whole = ElementReader(_chunked(text, chunk), layout), ElementReader([text], layout)

    found = [[one for run in reader for one in zip(*run, strict=True)] for reader in (pieces, whole)]

    assert found[0] == found[1]
    assert (pieces.end, pieces.waiting) == (whole.end, whole.waiting)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(lines=LINES, rows=st.integers(1, 5), after=st.none() | st.integers(0, 14))
def test_batches_of_any_size_and_beginning_account_for_the_same(
    folder: Path, lines: list[bytes], rows: int, after: int | None
) -> None:
    path = folder / "log"
    path.write_bytes(b"".join(b'{"x":"' + line.hex().encode() + b'"}\n' if line else b"\n" for line in lines))

    whole = list(open_source(path).read())
    batches = list(open_source(path).read(after, BatchLimits(rows=rows)))

    begin = 0 if after is None else after + 1
    expected = [pair for batch in whole for pair in zip(batch.offsets, batch.messages, strict=True) if pair[0] >= begin]
    assert [pair for batch in batches for pair in zip(batch.offsets, batch.messages, strict=True)] == expected
    covered = [offset for batch in batches for offset in range(batch.first, batch.last + 1)]
    assert covered == list(range(begin, len(lines)))
